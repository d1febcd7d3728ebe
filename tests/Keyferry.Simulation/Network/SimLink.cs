using Keyferry.Simulation.Scheduling;

namespace Keyferry.Simulation.Network;

/// <summary>One connection between the engine and a simulated server, with everything that can go wrong on it.</summary>
internal sealed class SimLink
{
    private readonly DeterministicScheduler _scheduler;
    private readonly Dice _dice;
    private readonly NetworkProfile _profile;
    private ISimPeer? _peer;
    private bool _clientGone;
    private bool _serverGone;

    public SimLink(DeterministicScheduler scheduler, Dice dice, NetworkProfile profile, string address, int number)
    {
        (_scheduler, _dice, _profile, Address, Number) = (scheduler, dice, profile, address, number);
        Client = new SimTransport(this, dice);
        Upstream = new SimPipe(scheduler, dice, profile, $"{address}#{number} up")
        {
            Deliver = bytes => _peer?.Received(bytes),
            Drained = () => Client.MaySend(),
            LimitReached = () => Break(new Cut { DeliversUpstream = false }),
        };
        Downstream = new SimPipe(scheduler, dice, profile, $"{address}#{number} down")
        {
            Deliver = bytes => Client.Arrived(bytes),
            LimitReached = () => Break(new Cut { DeliversUpstream = true, Client = ClientSees.End }),
        };
    }

    /// <summary>host:port of the server.</summary>
    public string Address { get; }

    /// <summary>Counts the links of the simulation.</summary>
    public int Number { get; }

    /// <summary>The engine's end.</summary>
    public SimTransport Client { get; }

    /// <summary>Commands.</summary>
    public SimPipe Upstream { get; }

    /// <summary>Replies and pushes.</summary>
    public SimPipe Downstream { get; }

    /// <summary>What becomes of writes under way when the client drops this link while it is stalled.</summary>
    public LateWrites LateWrites { get; set; }

    /// <summary>Whether a client of the application is at its end: what goes wrong between it and its server is nothing that a migration could mend.</summary>
    public bool IsOfTheApplication { get; set; }

    /// <summary>Whether neither end has given it up.</summary>
    public bool IsOpen => !_clientGone && !_serverGone;

    /// <summary>The fullness at which a sender has to wait.</summary>
    public int Window => _profile.Window;

    /// <summary>Joins the server's end.</summary>
    public void Connect(ISimPeer peer) => _peer = peer;

    /// <summary>Takes as much of a server's output as there is room for.</summary>
    /// <returns>How many bytes were taken.</returns>
    public int SendToClient(ReadOnlySpan<byte> bytes)
    {
        if (_serverGone)
        {
            return bytes.Length;
        }

        if (_clientGone)
        {
            // The client's side answers with a reset, if packets get through at all.
            if (!Downstream.IsStalled && !Upstream.IsStalled)
            {
                _ = _scheduler.Time.After(_profile.MostLatency, ServerNotices, "reset");
            }

            return bytes.Length;
        }

        var room = Math.Max(0, _profile.Window - Downstream.InFlight - Client.Unread);
        var now = Math.Min(room, bytes.Length);
        Downstream.Send(bytes[..now]);
        return now;
    }

    /// <summary>The server closes the connection: the client reads what was sent before, then the end.</summary>
    public void CloseByServer()
    {
        if (_serverGone)
        {
            return;
        }

        _serverGone = true;
        _peer = null;
        Upstream.Lose();
        Downstream.Send(() => Client.Ended(broken: false));
    }

    /// <summary>The server vanished (crash): the client gets an error once packets get through.</summary>
    public void ResetByServer()
    {
        if (_serverGone)
        {
            return;
        }

        _serverGone = true;
        _peer = null;
        Upstream.Lose();
        Downstream.Lose(_dice.Below(Downstream.Pieces + 1));
        Downstream.Send(() => Client.Ended(broken: _dice.Chance(0.5)));
    }

    /// <summary>Breaks the link now.</summary>
    public void Break(Cut cut)
    {
        if (_clientGone)
        {
            return;
        }

        _scheduler.Log($"cut {Address}#{Number} {cut}");
        _clientGone = true;
        Downstream.Lose();
        Client.Ended(cut.Client == ClientSees.Reset);
        if (!cut.DeliversUpstream)
        {
            Upstream.Lose();
        }
        else if (cut.UpstreamDelay > TimeSpan.Zero)
        {
            Upstream.Stall(cut.UpstreamDelay);
        }

        if (cut.ServerNotices != Timeout.InfiniteTimeSpan)
        {
            _ = _scheduler.Time.After(cut.UpstreamDelay + cut.ServerNotices, ServerNotices, "server notices cut");
        }
    }

    /// <summary>Both directions go silent without an error.</summary>
    public void Stall(TimeSpan duration)
    {
        _scheduler.Log($"stall {Address}#{Number} for {duration}");
        Upstream.Stall(duration);
        Downstream.Stall(duration);
    }

    /// <summary>The client has read: there may be room again.</summary>
    internal void ClientHasRead()
    {
        if (!_serverGone)
        {
            _ = _scheduler.Time.After(_profile.LeastLatency, () => _peer?.Writable(), "window");
        }
    }

    /// <summary>The client has dropped (abruptly or gently) its end.</summary>
    internal void ClientLeft(bool abrupt)
    {
        if (_clientGone)
        {
            return;
        }

        _clientGone = true;
        Downstream.Lose();
        var stalled = Upstream.IsStalled;
        if (!abrupt)
        {
            Upstream.Send(ServerNotices);
        }
        else if (!stalled)
        {
            Upstream.Lose(_dice.Below(Upstream.Pieces + 1));
            Upstream.Send(ServerNotices);
        }
        else
        {
            LeaveStalled();
        }
    }

    private void LeaveStalled()
    {
        _scheduler.Log($"{Address}#{Number} dropped while stalled, {Upstream.InFlight} bytes under way: {LateWrites}");
        switch (LateWrites)
        {
            case LateWrites.Lost:
            case LateWrites.ResetFirst:
                Upstream.Lose();
                Upstream.Send(ServerNotices);
                break;
            case LateWrites.ThenReset:
                Upstream.Send(ServerNotices);
                break;
            case LateWrites.Zombie:
            default:
                break;
        }
    }

    private void ServerNotices()
    {
        if (_serverGone)
        {
            return;
        }

        _serverGone = true;
        var peer = _peer;
        _peer = null;
        peer?.Closed();
    }
}
