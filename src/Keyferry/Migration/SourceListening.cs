using Keyferry.Capture;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Everything that listens to the source: a capture and a watch at each primary, and the leases that they need, on replicas that may be promoted, too.</summary>
/// <remarks>
/// <para><b>Promises.</b> A primary that is new is listened to before the gap that it means is noted. Every lease is given back by <see cref="RestoreAsync"/>.</para>
/// <para><b>Concurrency.</b> Armed once; after that the watch over the slots is the only one who changes anything.</para>
/// </remarks>
internal sealed class SourceListening
{
    private static readonly TimeSpan RestoreTries = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RestorePause = TimeSpan.FromMilliseconds(200);

    private readonly MigrationOptions _options;
    private readonly MigrationPlan _plan;
    private readonly ServerConnector _source;
    private readonly MigrationEngine _engine;
    private readonly string _name;
    private readonly RunJournal _journal;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, NotificationSwitch> _switches = [];
    private readonly Dictionary<string, Listened> _listened = [];
    private ShardedCapture? _sharded;
    private CaptureKind _kind;

    public SourceListening(
        MigrationOptions options,
        MigrationPlan plan,
        string name,
        ServerConnector source,
        MigrationEngine engine,
        RunJournal journal,
        TimeProvider time
    )
    {
        (_options, _plan, _name, _source) = (options, plan, name, source);
        (_engine, _journal, _time) = (engine, journal, time);
        _kind = options.Capture;
        engine.Untouched.Prove = UntouchedSinceAsync;
        engine.CountsSilentCommands = () => Watches().All(static watch => watch.CountsCommands);
        engine.Untouched.Say = text => journal.Note(NoteLevel.Information, text);
    }

    /// <summary>Listens to every primary, and proves it.</summary>
    /// <exception cref="KeyferryException">The source allows no capture of those that may be used, or raises no events.</exception>
    public async Task ArmAsync(BackgroundTasks background, CancellationToken stop)
    {
        var nodes = _source.Nodes;
        var armed = new List<(ServerConnector Node, ArmedCapture Armed)>();
        foreach (var node in nodes)
        {
            var one = await ArmAtAsync(node, stop);
            armed.Add((node, one));
            if (!one.Capture.Listens)
            {
                // One pass over both sides finds what has changed anywhere.
                break;
            }
        }

        var capture = _engine.Capture = Together(armed);
        background.Add(capture.RunAsync(stop));
        _journal.Note(NoteLevel.Information, $"Changes are captured by {capture.Description}.");
        if (!capture.Listens)
        {
            // Before anything is copied, rather than when the cutover is asked for.
            if (_options.Cutover is not null)
            {
                throw HearingCheck.Refused();
            }

            return;
        }

        await LeaseReplicasAsync(stop);
        foreach (var (node, one) in armed)
        {
            await ProbeAsync(node, one, stop);
            var watch = WatchOf(node, one);
            await watch.BeginAsync(stop);
            WarnIfNotCounted(node, watch);
            await NoteNewDatabasesAsync(node, stop);
        }

        if (_sharded is null)
        {
            background.Add(WatchOf(armed[0].Node, armed[0].Armed).RunAsync(stop));
        }
    }

    /// <summary>Looks at every primary for what no event tells.</summary>
    public async ValueTask LookNowAsync(CancellationToken stop)
    {
        foreach (var watch in Watches())
        {
            await watch.LookNowAsync(stop);
        }
    }

    /// <summary>Finds out anew, on every primary, whether the source tells of every change; by keys of its own where its flags cannot be read. What it does not is a gap.</summary>
    /// <returns>Why changes may not be heard of, in words; <see langword="null"/> where they are.</returns>
    /// <exception cref="KeyferryException">The source cannot be reached.</exception>
    public async ValueTask<string?> DeafnessAsync(CancellationToken stop)
    {
        foreach (var hearing in All().Select(static one => one.Armed.Hearing).OfType<HearingTrial>())
        {
            if (await hearing.TryAsync(stop) is { } deaf)
            {
                return deaf.Saw;
            }
        }

        return null;
    }

    /// <summary>Whether clients are, or may soon be, kept from writing, so that no key is to be tried.</summary>
    public Func<bool> IsFenced { get; set; } = static () => false;

    /// <summary>What nothing proves of the source's flags, one sentence a node: had they been off and on again, it might not have been noticed.</summary>
    public IEnumerable<string> Premises =>
        from one in All()
        let doubt = one.Watch.DoubtOfFlags
        where doubt is not null
        select one.Armed.Hearing is { Unread: not null }
            ? $"the notification flags of {one.Node.Endpoint} were never off and on again within {HearingTrial.Interval.TotalSeconds:0} s: {doubt}; it does not let them be read, and they were tried out so often, and at the end"
            : $"the notification flags of {one.Node.Endpoint} were never off and on again within {SourceWatch.Interval.TotalSeconds:0} s: {doubt}; they were read so often, and at the end";

    /// <summary>From which second of the source's clock on a key that was not used since was not written since a moment of the run's clock; or why that cannot be said.</summary>
    private async ValueTask<(long? Second, string WhyNot)> UntouchedSinceAsync(long since, CancellationToken stop)
    {
        if (Watches() is not [var watch])
        {
            return (null, "the source is a cluster");
        }

        // The gap is over by now: what has happened in it is seen.
        await watch.LookNowAsync(stop);
        return watch.UntouchedSince(since);
    }

    /// <summary>Follows the slots: listens to primaries that are new, and no longer to those that have none left.</summary>
    /// <exception cref="KeyferryException">A new primary cannot be listened to.</exception>
    public async ValueTask FollowAsync(SlotMap now, CancellationToken stop)
    {
        if (_sharded is not { } sharded)
        {
            return;
        }

        var wanted = now.Primaries.Select(_source.To).ToDictionary(static node => node.Endpoint.ToString());
        foreach (var gone in sharded.Nodes.Where(node => !wanted.ContainsKey(node)).ToList())
        {
            await sharded.RemoveAsync(gone);
            Listened? left;
            lock (_listened)
            {
                _ = _listened.Remove(gone, out left);
            }

            await (left?.Armed.Hearing?.EndAsync(stop) ?? ValueTask.CompletedTask);
        }

        foreach (var (name, node) in wanted.Where(entry => !sharded.Nodes.Contains(entry.Key)).ToList())
        {
            var one = await ArmAtAsync(node, stop);
            var watch = WatchOf(node, one);
            sharded.Add(name, one.Capture, watch.RunAsync);
            _journal.Note(NoteLevel.Information, $"The primary {name} is listened to from now on.");
        }

        await LeaseReplicasAsync(stop);
    }

    /// <summary>Puts back what was changed on the source, by this run and by those that were killed.</summary>
    /// <returns>What became of each setting, in words.</returns>
    public async ValueTask<IReadOnlyList<string>> RestoreAsync(CancellationToken stop)
    {
        foreach (var node in AllNodes())
        {
            _ = SwitchOf(node);
        }

        var words = new List<string>();
        foreach (var (name, flags) in _switches)
        {
            try
            {
                words.AddRange((await PutBackAsync(flags, stop)).Select(static outcome => outcome.Words));
            }
            catch (Exception failed) when (failed is KeyferryException or IOException or ServerErrorException or OperationCanceledException)
            {
                var text = $"The notification flags of {name} could not be put back; run keyferry restore once it answers again.";
                words.Add(text);
                _journal.Note(NoteLevel.Error, text);
            }
        }

        return words;
    }

    /// <summary>A connection that breaks just now must not leave the source changed: it is tried again for a while.</summary>
    private async ValueTask<IReadOnlyList<LeaseOutcome>> PutBackAsync(NotificationSwitch flags, CancellationToken stop)
    {
        var began = _time.GetTimestamp();
        List<LeaseOutcome> closed = [];
        while (true)
        {
            var outcomes = await flags.RestoreAsync(stop);
            var isAway = outcomes.Any(static outcome => outcome.Kind == LeaseOutcomeKind.Unreachable);
            if (!isAway || _time.GetElapsedTime(began) > RestoreTries)
            {
                return [.. closed, .. outcomes];
            }

            closed.AddRange(outcomes.Where(static outcome => outcome.IsClosed));
            await Task.Delay(RestorePause, _time, stop);
        }
    }

    private void WarnIfNotCounted(ServerConnector node, SourceWatch watch)
    {
        if (!watch.CountsCommands)
        {
            _journal.Note(
                NoteLevel.Warning,
                $"{node.Endpoint} does not tell how often its commands ran (INFO commandstats): FLUSHALL, FLUSHDB, SWAPDB, DEBUG and changes of vector sets (VADD, VREM, VSETATTR) and of consumer groups, which raise no event, are noticed only by comparing both sides. Do not use the first four, nor change vector sets, until the migration is over."
            );
        }
    }

    /// <summary>A database whose first keys came between the plan and the capture: the copy does not know of it, and nobody has heard of them.</summary>
    private async ValueTask NoteNewDatabasesAsync(ServerConnector node, CancellationToken stop)
    {
        await using var connection = await node.ConnectAsync("watch", stop);
        var now = await ServerConnector.IdentifyAsync(connection, stop);
        foreach (var database in now.Keyspace.Keys.Where(_plan.Transfer.Scope.Covers).Except(_plan.Databases))
        {
            _engine.Gaps.Note($"database {database} came into use before the capture listened");
        }
    }

    private ICapture Together(List<(ServerConnector Node, ArmedCapture Armed)> armed)
    {
        if (_source.Topology is null || !armed[0].Armed.Capture.Listens)
        {
            return armed[0].Armed.Capture;
        }

        _sharded = ShardedCapture.Empty();
        foreach (var (node, one) in armed)
        {
            _sharded.Add(node.Endpoint.ToString(), one.Capture, WatchOf(node, one).RunAsync);
        }

        return _sharded;
    }

    private async ValueTask<ArmedCapture> ArmAtAsync(ServerConnector node, CancellationToken stop)
    {
        var flags = SwitchOf(node);
        var hearing = new HearingTrial(flags, _engine.Lanes, _time) { Rests = () => IsFenced() };
        var choice = new CaptureChoice(_options with { Capture = _kind }, _plan, node, flags, hearing, _engine.Lanes, _journal, _time);
        var armed = await choice.ArmAsync(stop);
        // The nodes of a cluster are listened to alike.
        _kind =
            !armed.Capture.Listens ? CaptureKind.Polling
            : armed.Hearing is null ? CaptureKind.Tracking
            : CaptureKind.Notifications;
        return armed;
    }

    /// <summary>Flags are per node: a replica that is promoted would be silent.</summary>
    private async ValueTask LeaseReplicasAsync(CancellationToken stop)
    {
        if (_kind != CaptureKind.Notifications || _source.Topology is not { Current: var map })
        {
            return;
        }

        foreach (var replica in map.Replicas.Select(_source.To).Where(node => !_switches.ContainsKey(node.Endpoint.ToString())))
        {
            try
            {
                _ = await SwitchOf(replica).EnsureAsync(stop);
            }
            catch (KeyferryException refused)
            {
                _journal.Note(
                    NoteLevel.Warning,
                    $"The replica {replica.Endpoint} cannot be made to tell of changes: {refused.Saw} If it is promoted, this is tried again, and everything is looked at again."
                );
            }
        }
    }

    private IEnumerable<ServerConnector> AllNodes() =>
        _source.Topology is { Current: var map } ? map.Primaries.Concat(map.Replicas).Select(_source.To) : [_source];

    private NotificationSwitch SwitchOf(ServerConnector node)
    {
        var name = node.Endpoint.ToString();
        if (!_switches.TryGetValue(name, out var flags))
        {
            // Where a source does not tell its flags, keys of our own find out; the clock makes their names unlike those of another run.
            var test = new NotificationTest(node, new Random(_time.GetUtcNow().GetHashCode()), _time, () => TagAt(node));
            _switches[name] = flags = new NotificationSwitch(node, _journal.Store, _journal.Run, test);
        }

        return flags;
    }

    private SourceWatch WatchOf(ServerConnector node, ArmedCapture armed)
    {
        lock (_listened)
        {
            var name = node.Endpoint.ToString();
            if (!_listened.TryGetValue(name, out var one))
            {
                var watch = new SourceWatch(node, armed.Hearing, armed.Tracking, _engine.Lanes, _engine.Gaps, _time) { Cuts = armed.Cuts };
                _listened[name] = one = new Listened(node, armed, watch);
            }

            return one.Watch;
        }
    }

    private Task ProbeAsync(ServerConnector node, ArmedCapture armed, CancellationToken stop) =>
        CaptureProbe.RunAsync(armed.Capture, node, _plan.Transfer.Scope, TagAt(node), _name, _journal, _time, stop);

    private SourceWatch[] Watches() => [.. All().Select(static one => one.Watch)];

    private Listened[] All()
    {
        lock (_listened)
        {
            return [.. _listened.Values];
        }
    }

    /// <summary>What puts a key of our own into a slot of this node.</summary>
    private string TagAt(ServerConnector node)
    {
        if (_source.Topology is not { Current: var map })
        {
            return "probe";
        }

        var primary = map.Primaries.FirstOrDefault(one => one.Host == node.Endpoint.Host && one.Port == node.Endpoint.Port);
        return primary is null ? "probe" : KeySlot.TagOf(map.FirstSlotOf(primary));
    }

    /// <summary>A primary that is listened to.</summary>
    private sealed record Listened(ServerConnector Node, ArmedCapture Armed, SourceWatch Watch);
}
