using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Looks every second which process each node of the target is: a lane that has nothing to write would not notice that one was restarted, or came back empty.</summary>
/// <param name="target">Connections to the target.</param>
/// <param name="process">Knows what the nodes were, and notes the gap.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class TargetProcessWatch(ServerConnector target, TargetProcess process, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Looks until <paramref name="stop"/>. A target that is away is the business of whoever wants to write there; once it is back, it tells.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var watched = new Dictionary<string, Watched>();
        try
        {
            while (true)
            {
                await Task.Delay(Interval, time, stop);
                var nodes = target.Nodes.ToDictionary(static node => node.Endpoint.ToString());
                foreach (var (name, node) in nodes)
                {
                    _ = watched.TryAdd(name, new Watched(node));
                }

                // One that does not answer must not keep the others from being looked at.
                foreach (var (name, one) in watched.Where(static one => one.Value.Looking.IsCompleted).ToList())
                {
                    await one.Looking;
                    if (nodes.ContainsKey(name))
                    {
                        one.Looking = LookAsync(one, stop);
                    }
                    else
                    {
                        await one.CloseAsync();
                        _ = watched.Remove(name);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        finally
        {
            foreach (var one in watched.Values)
            {
                _ = await Task.WhenAny(one.Looking);
                await one.CloseAsync();
            }
        }
    }

    /// <summary>Looks now, over new connections, and sees to it that the nodes know that they are being filled.</summary>
    /// <exception cref="IOException">A node is lost.</exception>
    /// <exception cref="KeyferryException">A node cannot be reached.</exception>
    public async ValueTask LookNowAsync(CancellationToken stop)
    {
        foreach (var node in target.Nodes)
        {
            await using var connection = await node.ConnectAsync("watch", stop);
            _ = await process.LookAsync(connection, stop);
            _ = process.Import is { } import && await import(connection, stop);
        }
    }

    private async Task LookAsync(Watched node, CancellationToken stop)
    {
        try
        {
            node.Link ??= await node.Connector.ConnectAsync("watch", stop);
            _ = await process.LookAsync(node.Link, stop);
        }
        catch (Exception away) when (away is IOException or ServerErrorException or KeyferryException { Kind: FailureKind.Unreachable })
        {
            await node.CloseAsync();
        }
    }

    /// <summary>One node of the target.</summary>
    private sealed class Watched(ServerConnector connector)
    {
        public ServerConnector Connector { get; } = connector;

        public RespConnection? Link { get; set; }

        public Task Looking { get; set; } = Task.CompletedTask;

        public ValueTask CloseAsync()
        {
            var link = Link;
            Link = null;
            return link?.DisposeAsync() ?? ValueTask.CompletedTask;
        }
    }
}
