using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Cutover;

/// <summary>After a switch: notices clients that go on writing to the old side, and names them.</summary>
/// <remarks>Sees what <c>CLIENT LIST</c> shows a few times a second: the last command of each client. One that writes now and then is seen sooner or later.</remarks>
/// <param name="server">Connections to the old side.</param>
/// <param name="tell">Told of each such client once.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class StrayWriters(ServerConnector server, Action<SourceClient> tell, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>Commands that write on a server whose list of them may not be asked for.</summary>
    private static readonly string[] Common =
    [
        "set",
        "del",
        "unlink",
        "incr",
        "expire",
        "hset",
        "lpush",
        "rpush",
        "sadd",
        "zadd",
        "xadd",
        "eval",
        "evalsha",
    ];

    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    /// <summary>Watches until <paramref name="stop"/>. A server that is away is tried again.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await WatchAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception away) when (away is IOException or KeyferryException)
            {
                await PauseAsync(stop);
            }
            catch (ServerErrorException)
            {
                // The user may not list clients: nothing can be seen.
                return;
            }
        }
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        await using var connection = await server.ConnectAsync("stray", stop);
        var writes = await WritesAsync(connection, stop);
        while (true)
        {
            foreach (var client in await SourceClients.ListAsync(connection, stop))
            {
                var command = client.Command.Split('|')[0];
                if (client.IdleSeconds <= 1 && writes.Contains(command) && _told.Add(client.Address))
                {
                    tell(client);
                }
            }

            await Task.Delay(Interval, time, stop);
        }
    }

    private static async ValueTask<HashSet<string>> WritesAsync(RespConnection connection, CancellationToken stop)
    {
        var reply = await connection.TryCallAsync(stop, "COMMAND");
        if (reply.IsError)
        {
            return new HashSet<string>(Common, StringComparer.OrdinalIgnoreCase);
        }

        var writes = reply.Items.Where(static item => item.Items.Count > 2 && item.Items[2].Items.Any(static flag => flag.Text == "write"));
        return new HashSet<string>(writes.Select(static item => item.Items[0].Text), StringComparer.OrdinalIgnoreCase)
        {
            "eval",
            "evalsha",
        };
    }

    private async Task PauseAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Pause, time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The caller's loop ends on the same token.
            return;
        }
    }
}
