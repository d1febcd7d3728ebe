using Keyferry.Resp;

namespace Keyferry.Lanes;

/// <summary>The connections by which earlier sessions have written, one a server: each is killed before its successor writes, since what it has left unanswered could otherwise be
/// executed after newer writes.</summary>
/// <remarks>One task.</remarks>
/// <param name="target">Which processes the target's servers are.</param>
/// <param name="suspect">Told when one could not be killed.</param>
internal sealed class Forerunners(TargetProcess target, Action<string> suspect)
{
    private readonly Dictionary<string, Forerunner> _byServer = [];

    /// <summary>Kills what the session before has left on this server, before anything is written to it.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask EndAsync(RespConnection connection, CancellationToken stop)
    {
        var server = connection.Endpoint.ToString();
        var process = await target.LookAsync(connection, stop);
        if (_byServer.TryGetValue(server, out var previous) && previous.Process == process)
        {
            await EndAsync(previous, connection, stop);
        }

        if (target.Import is { } import && await import(connection, stop))
        {
            // An older server, or one that has left the mode, refuses: then the connection is like any other.
            _ = await connection.TryCallAsync(stop, "CLIENT", "IMPORT-SOURCE", "ON");
        }

        // Ids begin anew with a process, and its connections have ended with the one before: such an id may be anybody's now.
        _byServer[server] = new Forerunner(process, connection.ClientId);
    }

    private async ValueTask EndAsync(Forerunner previous, RespConnection connection, CancellationToken stop)
    {
        if (previous.ClientId == 0)
        {
            suspect("its id is not known: the user may not run CLIENT ID");
            return;
        }

        var reply =
            previous.ClientId == connection.ClientId
                ? null
                : await connection.TryCallAsync(stop, "CLIENT", "KILL", "ID", previous.ClientId);
        if (reply is { IsError: true })
        {
            suspect(reply.Text);
        }
    }

    /// <summary>The latest connection to one server that has written.</summary>
    /// <param name="Process">The server's process; empty where it is not known.</param>
    /// <param name="ClientId">The connection's id, or 0 where it is not known.</param>
    private sealed record Forerunner(string Process, long ClientId);
}
