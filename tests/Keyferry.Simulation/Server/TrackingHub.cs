namespace Keyferry.Simulation.Server;

/// <summary>CLIENT TRACKING in broadcast mode: at the end of a turn each tracking client hears of the keys that the turn changed, sorted, each once.</summary>
/// <remarks>A flush is told at once, so that it may overtake keys that were changed before it in the same turn, as on real servers.</remarks>
internal sealed class TrackingHub(SimServer server)
{
    private readonly Dictionary<SimClient, SortedSet<Blob>> _touched = [];

    /// <summary>A key was changed by the command that runs.</summary>
    public void Touched(Blob key)
    {
        foreach (var client in server.Clients.All.Where(static client => client.Tracking is not null))
        {
            var tracking = client.Tracking!;
            if (
                (tracking.NoLoop && client == server.Current)
                || (tracking.Prefixes.Count > 0 && !tracking.Prefixes.Exists(prefix => key.Span.StartsWith(prefix.Span)))
            )
            {
                continue;
            }

            if (!_touched.TryGetValue(client, out var keys))
            {
                _touched[client] = keys = [];
            }

            _ = keys.Add(key);
        }
    }

    /// <summary>Databases were emptied.</summary>
    public void Flushed()
    {
        foreach (var client in server.Clients.All.Where(static client => client.Tracking is not null))
        {
            Send(client, keys: null);
        }
    }

    /// <summary>Ends the turn.</summary>
    public void Flush()
    {
        foreach (var (client, keys) in _touched.Where(static item => item.Key.Tracking is not null))
        {
            Send(client, keys);
        }

        _touched.Clear();
    }

    private void Send(SimClient client, SortedSet<Blob>? keys)
    {
        var receiver = client.Tracking!.Redirect is { } id ? server.Clients.Find(id) : client;
        if (receiver is null)
        {
            return;
        }

        var reply = receiver.Reply;
        if (reply.Protocol >= 3)
        {
            reply.Push(2);
            reply.Bulk("invalidate");
        }
        else if (receiver.Channels.Contains("__redis__:invalidate"))
        {
            reply.Array(3);
            reply.Bulk("message");
            reply.Bulk("__redis__:invalidate");
        }
        else
        {
            return;
        }

        if (keys is null)
        {
            reply.NullArray();
        }
        else
        {
            reply.Bulks(keys);
        }

        server.Clients.HasOutput(receiver);
    }
}
