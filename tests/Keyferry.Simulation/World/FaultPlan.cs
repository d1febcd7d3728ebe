using Keyferry.Simulation.Network;
using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>Makes things go wrong at moments that the seed decides.</summary>
internal sealed class FaultPlan
{
    private readonly SimWorld _world;
    private readonly Dice _dice;
    private readonly List<Task> _underWay = [];
    private bool _flagsAreOff;

    public FaultPlan(SimWorld world)
    {
        _world = world;
        _dice = Dice.Fork(world.Seed, "faults");
        world.Network.Opened = link =>
            link.LateWrites = _dice.Pick(LateWrites.Lost, LateWrites.ThenReset, LateWrites.ResetFirst, LateWrites.Zombie);
    }

    /// <summary>What happened, for the report of a failing seed.</summary>
    public List<string> Happened { get; } = [];

    /// <summary>Runs until the last fault has happened.</summary>
    public async Task RunAsync()
    {
        var profile = _world.Profile;
        if (profile.Kinds.Count == 0)
        {
            return;
        }

        for (var left = _dice.Between(1, Math.Max(1, profile.Faults)); left > 0; left--)
        {
            await Task.Delay(_dice.Between(TimeSpan.Zero, profile.Busy * 2 / Math.Max(1, profile.Faults)), _world.Time);
            var kind = profile.Kinds[_dice.Below(profile.Kinds.Count)];
            Strike(kind);
        }

        await Task.WhenAll(_underWay);
    }

    /// <summary>Makes one thing go wrong now.</summary>
    public void Strike(FaultKind kind)
    {
        Happened.Add($"{_world.Time.GetUtcNow():HH:mm:ss.fff} {kind}");
        _world.Scheduler.Log($"FAULT {kind}");
        Do(kind);
    }

    private SimServer AnyServer() => _dice.Chance(0.5) ? _world.Source : _world.Target;

    private TimeSpan Seconds(double most) => TimeSpan.FromSeconds(_dice.Between(1, (int)(most * 1000)) / 1000.0);

    private void Do(FaultKind kind)
    {
        switch (kind)
        {
            case FaultKind.Cut or FaultKind.Truncate or FaultKind.Stall or FaultKind.StallForEver:
                OnLink(kind);
                break;
            case FaultKind.Slow:
                Slow(AnyServer(), Seconds(3), Seconds(0.2));
                break;
            case FaultKind.Refuse:
                CutAll(AnyServer(), server => _world.Network.RefuseDials(server.Name, Seconds(5)));
                break;
            case FaultKind.Ignore:
                CutAll(AnyServer(), server => _world.Network.IgnoreDials(server.Name, Seconds(20)));
                break;
            case FaultKind.RestartSource:
                _world.Source.Restart(Seconds(3), Seconds(1));
                break;
            case FaultKind.RestartTarget:
                _world.Target.Restart(Seconds(3), Seconds(1));
                break;
            case FaultKind.Failover:
                _underWay.Add(FailOverAsync());
                break;
            case FaultKind.EmptyTarget:
                _world.Target.Restart(Seconds(3), keepData: false);
                break;
            default:
                OnServer(kind);
                break;
        }
    }

    private async Task FailOverAsync()
    {
        var source = _world.Source;
        if (!source.IsUp)
        {
            return;
        }

        // What the replica knew when the primary's last writes were still on their way to it.
        var replica = new SimServer(_world.Scheduler, $"{source.Name} replica", _dice.Next(), source.Options);
        replica.TakeDataOf(source);
        await Task.Delay(Seconds(2), _world.Time);
        source.Restart(Seconds(5));
        source.TakeDataOf(replica);
    }

    private void SetFlags(string flags) => _ = _world.Source.Execute("CONFIG", "SET", "notify-keyspace-events", flags);

    private async Task TakeFlagsAsync()
    {
        _flagsAreOff = true;
        SetFlags(_dice.Pick("", "E$", "Kx", "gxE"));
        await Task.Delay(TimeSpan.FromSeconds(25) + Seconds(10), _world.Time);
        if (_dice.Chance(0.8))
        {
            SetFlags("AKE");
            _flagsAreOff = false;
        }
    }

    private void OnServer(FaultKind kind)
    {
        switch (kind)
        {
            case FaultKind.FlagsOff:
                SetFlags(_dice.Pick("", "E$", "Kx", "gxE"));
                break;
            case FaultKind.FlagsOffAndOn:
                SetFlags(_dice.Pick("", "E$", "Kx", "gxE"));
                _ = _world.Scheduler.Time.After(Seconds(_dice.Pick(0.1, 2, 30)), () => SetFlags("AKE"), "flags are on again");
                break;
            case FaultKind.FlagsOffForLong when !_flagsAreOff:
                _underWay.Add(TakeFlagsAsync());
                break;
            case FaultKind.FlagsOffForLong:
                break;
            case FaultKind.Pause:
                _ = AnyServer().Execute("CLIENT", "PAUSE", _dice.Between(100, 60_000), _dice.Pick("WRITE", "ALL"));
                break;
            case FaultKind.LiftFence:
                _ = _world.Source.Execute("CLIENT", "UNPAUSE");
                _ = _world.Source.Execute("ACL", "SETUSER", _world.Source.ApplicationUser, "+@all");
                break;
            case FaultKind.KillSubscribers:
                _ = _world.Source.Execute("CLIENT", "KILL", "TYPE", "pubsub");
                break;
            case FaultKind.OutOfMemory:
                _ = _world.Target.Execute("CONFIG", "SET", "maxmemory", "1");
                _ = _world.Scheduler.Time.After(
                    Seconds(10),
                    () => _world.Target.Execute("CONFIG", "SET", "maxmemory", "0"),
                    "memory is back"
                );
                break;
            case FaultKind.ReadOnly:
                _world.Target.IsReplica = true;
                _ = _world.Scheduler.Time.After(Seconds(10), () => _world.Target.IsReplica = false, "primary again");
                break;
            case FaultKind.Save:
                _world.Source.Statistics.Forks++;
                _world.Source.Statistics.ChildUntil = _world.Source.Clock + (long)Seconds(15).TotalMilliseconds;
                break;
            case FaultKind.HideUses:
                _ = _world.Source.Execute("CLIENT", "NO-TOUCH", "ON");
                _ = _world.Scheduler.Time.After(
                    Seconds(15),
                    () => _world.Source.Execute("CLIENT", "NO-TOUCH", "OFF"),
                    "uses are noted again"
                );
                break;
            case FaultKind.DoubleMessages:
                _world.Source.PubSub.Fate = _ => _dice.Chance(0.5) ? MessageFate.Doubled : MessageFate.Delivered;
                break;
            default:
                throw new InvalidOperationException(kind.ToString());
        }
    }

    private void OnLink(FaultKind kind)
    {
        var links = _world.Network.Links.Where(static link => link is { IsOpen: true, IsOfTheApplication: false }).ToList();
        if (links.Count == 0)
        {
            return;
        }

        var link = links[_dice.Below(links.Count)];
        switch (kind)
        {
            case FaultKind.Cut:
                link.Break(
                    new Cut
                    {
                        Client = _dice.Pick(ClientSees.Reset, ClientSees.End),
                        DeliversUpstream = _dice.Chance(0.6),
                        UpstreamDelay = _dice.Chance(0.5) ? TimeSpan.Zero : Seconds(2),
                        ServerNotices = _dice.Chance(0.7) ? Seconds(0.01) : Seconds(60),
                    }
                );
                break;
            case FaultKind.Truncate:
                _ = _dice.Chance(0.7) ? link.Downstream.CutAfter = _dice.Between(1, 3000) : link.Upstream.CutAfter = _dice.Between(1, 3000);
                break;
            case FaultKind.Stall when _dice.Chance(0.3):
                (_dice.Chance(0.5) ? link.Upstream : link.Downstream).Stall(Seconds(40));
                break;
            default:
                link.Stall(kind == FaultKind.StallForEver ? Timeout.InfiniteTimeSpan : Seconds(40));
                break;
        }
    }

    private void Slow(SimServer server, TimeSpan duration, TimeSpan slowness)
    {
        foreach (var link in _world.Network.OpenLinks(server.Name).ToList())
        {
            (link.Upstream.Slowness, link.Downstream.Slowness) = (slowness, slowness);
            _ = _world.Scheduler.Time.After(
                duration,
                () => (link.Upstream.Slowness, link.Downstream.Slowness) = (default, default),
                "fast again"
            );
        }
    }

    private void CutAll(SimServer server, Action<SimServer> first)
    {
        first(server);
        foreach (var link in _world.Network.OpenLinks(server.Name).ToList())
        {
            link.Break(new Cut { DeliversUpstream = _dice.Chance(0.5) });
        }
    }
}
