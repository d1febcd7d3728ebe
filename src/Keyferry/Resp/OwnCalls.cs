using System.Text;

namespace Keyferry.Resp;

/// <summary>Keeps count of what this process asks of servers with one command, so that the calls of others can be told from ours in a server's own counts.</summary>
/// <remarks>
/// <para><b>What counts.</b> Calls that were answered without an error: a server has certainly counted those, once. What it has refused it may not have counted, and
/// of what was not answered nobody knows; so those look like somebody else's calls, never the other way round.</para>
/// <para><b>Concurrency.</b> Anybody, any time.</para>
/// </remarks>
/// <param name="command">The command's name, in capital letters.</param>
internal sealed class OwnCalls(string command)
{
    private readonly byte[] _command = Encoding.ASCII.GetBytes(command);
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Host, int Port), Tally> _servers = [];

    /// <summary>How things stand with one server at this moment.</summary>
    /// <param name="host">The server, as its connections are addressed.</param>
    /// <param name="port">Its port.</param>
    /// <param name="name">The command or subcommand as the server counts it: <c>config</c>, <c>config|set</c>.</param>
    public Moment Now(string host, int port, string name)
    {
        lock (_lock)
        {
            var tally = Of(host, port);
            return new Moment(tally.Begun, tally.Ended, tally.Answered.GetValueOrDefault(name));
        }
    }

    /// <summary>Whether a command that is about to be sent is to be counted.</summary>
    public bool Covers(RespArgument[] call) => call[0].Bytes.Span.SequenceEqual(_command);

    /// <summary>Makes one call, and counts it.</summary>
    public async ValueTask<RespValue> CountAsync(string host, int port, RespArgument[] call, Func<ValueTask<RespValue>> make)
    {
        lock (_lock)
        {
            Of(host, port).Begun++;
        }

        RespValue? reply = null;
        try
        {
            reply = await make();
            return reply;
        }
        finally
        {
            lock (_lock)
            {
                var tally = Of(host, port);
                tally.Ended++;
                if (reply is { IsError: false })
                {
                    tally.Count(command, call);
                }
            }
        }
    }

    private Tally Of(string host, int port)
    {
        if (!_servers.TryGetValue((host, port), out var tally))
        {
            _servers[(host, port)] = tally = new Tally();
        }

        return tally;
    }

    /// <summary>Our calls of one server.</summary>
    /// <param name="Begun">Calls that were sent, or are just being.</param>
    /// <param name="Ended">Those of them that have come to an end.</param>
    /// <param name="Answered">Calls that the server has certainly counted under the name that was asked for.</param>
    internal readonly record struct Moment(long Begun, long Ended, long Answered)
    {
        /// <summary>Whether none was under way from this moment on until <paramref name="later"/>, so that a count taken in between holds exactly <see cref="Answered"/> of ours.</summary>
        public bool WasQuietUntil(Moment later) => later.Begun == Ended;
    }

    private sealed class Tally
    {
        public long Begun { get; set; }

        public long Ended { get; set; }

        public Dictionary<string, long> Answered { get; } = [];

        public void Count(string command, RespArgument[] call)
        {
            var name = command.ToLowerInvariant();
            Answered[name] = Answered.GetValueOrDefault(name) + 1;
            if (call.Length > 1)
            {
                var part = $"{name}|{Encoding.ASCII.GetString(call[1].Bytes.Span).ToLowerInvariant()}";
                Answered[part] = Answered.GetValueOrDefault(part) + 1;
            }
        }
    }
}
