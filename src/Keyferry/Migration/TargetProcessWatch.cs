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
        var links = new Dictionary<string, RespConnection>();
        try
        {
            while (true)
            {
                await Task.Delay(Interval, time, stop);
                var nodes = target.Nodes.ToDictionary(static node => node.Endpoint.ToString());
                foreach (var gone in links.Keys.Where(name => !nodes.ContainsKey(name)).ToList())
                {
                    await CloseAsync(links, gone);
                }

                foreach (var (name, node) in nodes)
                {
                    await LookAsync(links, name, node, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        finally
        {
            foreach (var name in links.Keys.ToList())
            {
                await CloseAsync(links, name);
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

    private async ValueTask LookAsync(Dictionary<string, RespConnection> links, string name, ServerConnector node, CancellationToken stop)
    {
        try
        {
            if (!links.TryGetValue(name, out var link))
            {
                links[name] = link = await node.ConnectAsync("watch", stop);
            }

            _ = await process.LookAsync(link, stop);
        }
        catch (Exception away) when (away is IOException or ServerErrorException or KeyferryException { Kind: FailureKind.Unreachable })
        {
            await CloseAsync(links, name);
        }
    }

    private static ValueTask CloseAsync(Dictionary<string, RespConnection> links, string name) =>
        links.Remove(name, out var link) ? link.DisposeAsync() : ValueTask.CompletedTask;
}
