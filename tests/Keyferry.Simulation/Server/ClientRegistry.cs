namespace Keyferry.Simulation.Server;

/// <summary>The clients of a server, their output, and the limits on it.</summary>
internal sealed class ClientRegistry(SimServer server)
{
    private readonly List<SimClient> _all = [];
    private readonly HashSet<SimClient> _withOutput = [];
    private long _lastId;

    /// <summary>Connected clients, oldest first.</summary>
    public IReadOnlyList<SimClient> All => _all;

    public SimClient? Find(long id) => _all.Find(client => client.Id == id);

    public SimClient Add(Network.SimLink? link)
    {
        var client = new SimClient(server, link, ++_lastId) { IsAuthenticated = server.Options is { Password: null, LetsIn: null } };
        _all.Add(client);
        server.Statistics.Connections++;
        return client;
    }

    /// <summary>The client's connection is gone: what it sent and was not executed is forgotten.</summary>
    public void Drop(SimClient client)
    {
        client.IsClosed = true;
        client.Input.Clear();
        _ = _all.Remove(client);
        _ = _withOutput.Remove(client);
    }

    /// <summary>Closes the client's connection now; what it sent and was not executed is forgotten.</summary>
    public void Kill(SimClient client)
    {
        Drop(client);
        client.Link?.CloseByServer();
    }

    /// <summary>How many clients were cut off for the age of their login.</summary>
    public int Cuts { get; private set; }

    /// <summary>Cuts the client off after that time, unless it logs in again before.</summary>
    public void CutLater(SimClient client, TimeSpan life)
    {
        client.LoginEnds?.Dispose();
        client.LoginEnds = server.After(
            life,
            () =>
            {
                if (!client.IsClosed)
                {
                    Cuts++;
                    server.Log($"client {client.Id} ({client.Name}) is cut off: its login is {life} old");
                    Kill(client);
                }
            },
            $"login of client {client.Id} ends"
        );
    }

    /// <summary>Everybody's connection breaks (the process died).</summary>
    public void CrashAll()
    {
        foreach (var client in _all.ToList())
        {
            Drop(client);
            client.Link?.ResetByServer();
        }
    }

    /// <summary>Remembers that there is something to send at the end of the turn.</summary>
    public void HasOutput(SimClient client)
    {
        _ = _withOutput.Add(client);
        server.Wake();
    }

    /// <summary>Sends what the network takes, then looks at the limits.</summary>
    public void FlushAll()
    {
        foreach (var client in _withOutput.OrderBy(static client => client.Id).ToList())
        {
            Flush(client);
        }

        _withOutput.Clear();
    }

    /// <summary>Sends what the network takes of one client's output.</summary>
    public void Flush(SimClient client)
    {
        if (client.IsClosed || client.Link is null)
        {
            return;
        }

        // The limits hold for what is buffered when a message is added, before anything is sent.
        var (hard, soft, seconds) = server.Configuration.LimitOf(client.IsSubscribed ? "pubsub" : "normal");
        var pending = client.Reply.Bytes.Count;
        if (hard > 0 && pending > hard || IsTooLongAbove(client, pending, soft, seconds))
        {
            server.Log($"client {client.Id} scheduled to be closed ASAP for overcoming of output buffer limits ({pending} bytes)");
            Kill(client);
            return;
        }

        var taken = client.Link.SendToClient(client.Reply.Bytes.Waiting);
        client.Reply.Bytes.Drop(taken);
        if (client.IsClosing && client.Reply.Bytes.Count == 0)
        {
            Kill(client);
        }
    }

    private bool IsTooLongAbove(SimClient client, int pending, long soft, int seconds)
    {
        if (soft <= 0 || pending <= soft)
        {
            client.AboveSoftLimitSince = null;
            return false;
        }

        client.AboveSoftLimitSince ??= server.Clock;
        return server.Clock - client.AboveSoftLimitSince > seconds * 1000L;
    }
}
