using Keyferry.Capture;
using Keyferry.Control;
using Keyferry.Functions;
using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Queue;
using Keyferry.Servers;
using Keyferry.Snapshot;
using Keyferry.Throttle;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>The moving parts of one run, put together: capture, snapshot, queues, lanes, gaps. It knows how to copy, follow, close gaps and drain; when to do which
/// is the run's affair.</summary>
internal sealed class MigrationEngine
{
    /// <summary>Keys of a page while the source's latency has a budget: what is asked at once is what others wait for.</summary>
    private const int PacedPage = 100;

    private static readonly TimeSpan StreamRescanInterval = TimeSpan.FromSeconds(5);

    private readonly MigrationOptions _options;
    private readonly MigrationPlan _plan;
    private readonly ServerConnector _source;
    private readonly ServerConnector _reads;
    private readonly ServerConnector _target;
    private readonly TimeProvider _time;
    private readonly LaneCounters _counters;
    private readonly TargetProcess _targetProcess;
    private readonly TargetProcessWatch _targetWatch;
    private readonly Lane[] _workers;
    private readonly (string Shard, SnapshotScanner Scanner)[] _scanners;
    private readonly TopologyWatch _targetSlots;
    private readonly PauseGate _gate;
    private readonly QuietPass _pass;
    private ImportMode? _importMode;
    private long _streamsRescanned;
    private bool _skipCopy;
    private long _lastChange;
    private long _changesSeen = -1;

    public MigrationEngine(
        MigrationOptions options,
        MigrationPlan plan,
        ServerConnector source,
        ServerConnector target,
        RunControl control,
        TimeProvider time
    )
    {
        _gate = control.Gate;
        Pace = new SourcePace(control.Pace, time);
        PaceWatch = new PaceWatch(source, control.Pace, Pace, Backlog, Note, time);
        (_options, _plan, _time) = (options, plan, time);
        (_source, _target, _pass) = (source, target, new QuietPass(source));
        _counters = new LaneCounters(time);
        Gaps = new GapLedger(time);
        Functions = options.Functions ? new FunctionMover(source, target, Note) : null;
        Lanes = new LaneSet(options.Lanes, options.DirtyBudget, plan.Transfer.Scope, Gaps, time) { HeardUpTo = () => Capture?.HeardUpTo };
        Untouched = new UntouchedKeys(Gaps, Failed);
        _targetProcess = new TargetProcess(target.Topology is null ? plan.TargetIdentity : null, Gaps);
        _targetWatch = new TargetProcessWatch(target, _targetProcess, time);
        _targetSlots = new TopologyWatch(target, OnTargetSlotsAsync, time);
        var databases = new TargetDatabases(target, plan.Transfer.Scope);
        var replicas = options.SourceReads == SourceReads.Replica ? source.ReadReplicas(text => Note(NoteLevel.Information, text)) : null;
        _reads = source.At(replicas, comesBack: false);
        _workers =
        [
            .. Lanes.Queues.Select(
                (queue, i) =>
                    new Lane(
                        i,
                        source,
                        source.At(replicas, comesBack: true),
                        target,
                        new LaneContext(queue, plan.Transfer, _counters, Failed, LeftOut, _targetProcess, databases, _gate, Pace),
                        options.OutageBudget,
                        time
                    )
            ),
        ];
        _scanners =
        [
            .. _reads.Shards.Select(shard =>
                (ShardName(shard), new SnapshotScanner(shard, plan.Databases, Lanes, Pace, options.OutageBudget, time))
            ),
        ];
    }

    /// <summary>What may have been missed.</summary>
    public GapLedger Gaps { get; }

    /// <summary>Decides what a rescan may leave out.</summary>
    public UntouchedKeys Untouched { get; }

    /// <summary>Keys that the target refuses.</summary>
    public FailedKeys Failed { get; } = new();

    /// <summary>Keys that the target cannot hold and that are left out as the user asked.</summary>
    public FailedKeys LeftOut { get; } = new();

    /// <summary>How fast the source may be read.</summary>
    public SourcePace Pace { get; }

    /// <summary>How the source bears it.</summary>
    public PaceWatch PaceWatch { get; }

    /// <summary>Moves the source's functions; <see langword="null"/> where that was not asked for.</summary>
    public FunctionMover? Functions { get; }

    /// <summary>Where it is written down what happens.</summary>
    public required RunJournal Journal { get; init; }

    /// <summary>Keeps the target from expiring and evicting by itself.</summary>
    public ImportMode ImportMode => _importMode ??= new ImportMode(_target, Journal);

    /// <summary>The lanes' queues, and the sink of the captures.</summary>
    public LaneSet Lanes { get; }

    /// <summary>The capture, once the run has armed one.</summary>
    public ICapture? Capture { get; set; }

    /// <summary>Looks at the source for what no event tells.</summary>
    public Func<CancellationToken, ValueTask> LookAtSource { get; set; } = static _ => ValueTask.CompletedTask;

    /// <summary>Whether the source tells by its counts that a command without an event ran, as far as was seen.</summary>
    public Func<bool> CountsSilentCommands { get; set; } = static () => true;

    /// <summary>Told of every stream that is looked at again because consumer groups may have changed; must return at once.</summary>
    public Action<KeyId>? StreamLooked { get; set; }

    /// <summary>Whether the first pass is on the target.</summary>
    public bool CopyDone { get; private set; }

    /// <summary>Whether the target may have had keys of its own, so that surplus keys there are not the run's to remove.</summary>
    public bool OwnsTarget => _options.TargetKeys != TargetKeys.Merge;

    /// <summary>Whether keys that differ although nobody has changed them are the run's to move; with live-only they are not.</summary>
    public bool MovesUnchanged => _options.Mode != MigrationMode.LiveOnly;

    /// <summary>Starts the lanes.</summary>
    public async ValueTask StartAsync(BackgroundTasks background, Action<string> suspect)
    {
        _targetProcess.Import = await ImportMode.EnsureAsync(background.Stop) ? ImportMode.EnsureAsync : null;
        foreach (var lane in _workers)
        {
            lane.Suspect = suspect;
            background.Add(lane.RunAsync(background.Stop));
        }

        background.Add(_targetSlots.RunAsync(background.Stop));
        background.Add(_targetWatch.RunAsync(background.Stop));
        background.Add(PaceWatch.RunAsync(background.Stop));
    }

    /// <summary>Decides how the copy of an earlier process is gone on with; the gap of the time between is closed by a rescan in any case.</summary>
    /// <param name="positions">How far the copy of each shard had come, by its name.</param>
    /// <returns>What was decided, in words.</returns>
    public string ResumeCopy(Func<string, SnapshotPosition?> positions)
    {
        var known = _scanners.Select(one => (one.Scanner, Position: positions(one.Shard))).ToList();
        if (known.TrueForAll(static one => one.Position is { Done: true }))
        {
            _skipCopy = true;
            return "the copy was complete; both sides are compared, and only what differs is moved";
        }

        if (known.TrueForAll(one => one.Position is { } at && (at.Done || IsKnown(at))))
        {
            known.ForEach(static one => one.Scanner.ResumeAt(one.Position ?? throw new InvalidOperationException("all have a position")));
            return $"the copy goes on after {known.Sum(static one => one.Position?.Scanned ?? 0):#,0} keys, at the place that the same process of the source still knows; what was copied before is compared";
        }

        _skipCopy = true;
        return known.Exists(static one => one.Position is null)
            ? "no place of the copy was recorded; both sides are compared, and only what differs is moved"
            : "the source is another process now, so that the place of the copy means nothing to it; both sides are compared, and only what differs is moved";
    }

    /// <summary>What replica a place belongs to is seen when it is gone on at.</summary>
    private bool IsKnown(SnapshotPosition at) =>
        (_reads.Replicas is not null || _plan.SourceIdentity.RunId.Split('+').Contains(at.RunId)) && _plan.Databases.Contains(at.Database);

    /// <summary>What the copy of a shard is recorded under: the node that it was begun at.</summary>
    private string ShardName(ServerConnector shard) =>
        _source.Topology?.Current is { } map && map.OwnerOf(shard.Home) is { } node ? $"{node.Host}:{node.Port}" : "0";

    /// <summary>What the first pass does, in words.</summary>
    public string CopyInWords => _skipCopy ? "nothing is copied again; what differs is found by comparing" : "copying every key";

    /// <summary>Both sides are equal already: there is no copy to make.</summary>
    public void NothingToCopy() => CopyDone = true;

    /// <summary>Copies everything that the source has now.</summary>
    /// <param name="reached">Told now and then how far the copy has come for certain: every key before that is on the target.</param>
    /// <param name="stop">Gives up.</param>
    public async Task CopyAsync(Action<string, SnapshotPosition> reached, CancellationToken stop)
    {
        await FollowFunctionsAsync(stop);
        if (!_skipCopy)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var recording = CopyRecord.KeepAsync(Lanes, _scanners, reached, _time, ended.Token);
            try
            {
                await Task.WhenAll(_scanners.Select(one => one.Scanner.RunAsync(stop)));
                await Lanes.SettleAsync(stop);
            }
            finally
            {
                ended.Cancel();
                await recording;
            }

            foreach (var (shard, scanner) in _scanners)
            {
                if (scanner.Position is { } end)
                {
                    reached(shard, end);
                }
            }
        }

        if (_options.TargetKeys == TargetKeys.Replace)
        {
            await NewRescan(slots: null).RunAsync(surplusOnly: true, stop);
            await Lanes.SettleAsync(stop);
        }

        CopyDone = true;
    }

    /// <summary>Whether a gap waits to be closed, and may be: rescans of streams alone keep a distance, since a source that uses consumer groups asks for them all the time.</summary>
    public bool GapIsDue =>
        Gaps.Pending > 0 && (Gaps.PendingScope == GapScope.AllKeys || _time.GetElapsedTime(_streamsRescanned) >= StreamRescanInterval);

    /// <summary>Looks again at everything that the open gaps concern, and closes them.</summary>
    /// <exception cref="IOException">A server was lost: the gaps are as open as before.</exception>
    public async Task CloseGapsAsync(CancellationToken stop)
    {
        // The capture must listen again before anything is looked at, and what was read before that must have arrived: otherwise the old value could still be on its
        // way while the rescan finds both sides equal.
        if (Capture is { Listens: true } capture)
        {
            await capture.CatchUpAsync(stop);
        }

        if (Gaps.BeginClosing() is not { } scope)
        {
            return;
        }

        try
        {
            await Lanes.SettleAsync(stop);
            if (scope == GapScope.Streams)
            {
                foreach (var shard in _source.Shards)
                {
                    await new StreamRescan(shard, _plan.Transfer.Scope, LookAtStreamAsync).RunAsync(stop);
                }
            }
            else
            {
                var rescan = NewRescan(Gaps.ClosingSlots);
                var isPolling = Capture is { Listens: false };
                await _pass.WatchAsync(isPolling, rescan, () => Untouched.RescanAsync(rescan, Capture, MovesUnchanged, stop), stop);
            }

            await Lanes.SettleAsync(stop);
        }
        catch
        {
            Gaps.AbandonClosing();
            throw;
        }

        _streamsRescanned = _time.GetTimestamp();
        (Capture as PollingCapture)?.Passed();
        Gaps.FinishClosing();
    }

    /// <summary>Moves everything that the source has done up to now.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        await LookAtServersAsync(stop);

        if (Capture is { } capture)
        {
            await capture.CatchUpAsync(stop);
        }

        await Lanes.SettleAsync(stop);
    }

    /// <summary>Looks whether both servers are still what they were. What was missed or lost becomes a gap.</summary>
    /// <exception cref="IOException">A server is lost.</exception>
    public async ValueTask LookAtServersAsync(CancellationToken stop)
    {
        await LookAtSource(stop);
        await FollowFunctionsAsync(stop);
        await _targetSlots.LookAsync(stop);
        await _targetWatch.LookNowAsync(stop);
    }

    private async ValueTask OnTargetSlotsAsync(SlotMap now, TopologyChange change, CancellationToken stop)
    {
        // What is renamed lies in other slots on the target.
        change.NoteOn(Lanes, "target", bySlots: Capture is { Listens: true } && !_plan.Transfer.Scope.Rename);
        _ = await ImportMode.EnsureAsync(stop);
    }

    /// <summary>How long nothing has been written on the source; expiries do not count, since the clock makes them on both sides.</summary>
    public TimeSpan Idle()
    {
        var changes = Lanes.Writes;
        // Polling hears of no changes: only a pass that found both sides equal tells that there were none.
        if (changes != _changesSeen || (Capture is { Listens: false } && !_pass.WasQuiet))
        {
            _changesSeen = changes;
            _lastChange = _time.GetTimestamp();
        }

        return _time.GetElapsedTime(_lastChange);
    }

    /// <summary>The counters of this moment.</summary>
    public ProgressSnapshot Progress(PhaseClock clock)
    {
        var states = Lanes.Queues.Select(static queue => queue.State()).ToArray();
        return new ProgressSnapshot
        {
            Phase = clock.Phase,
            Elapsed = clock.Elapsed,
            Scanned = _scanners.Sum(static one => one.Scanner.Scanned),
            ScanTotal = _options.Mode == MigrationMode.LiveOnly ? 0 : _plan.Keys,
            CopyDone = CopyDone,
            Written = _counters.Written,
            Deleted = _counters.Deleted,
            PayloadBytes = _counters.PayloadBytes,
            Changes = Lanes.Changes,
            ChangesMoved = _counters.ChangesMoved,
            Waiting = states.Sum(static state => (long)state.Waiting),
            WaitingBytes = states.Sum(static state => state.WaitingBytes),
            LagP50 = _counters.Lag.Quantile(0.5),
            LagP99 = _counters.Lag.Quantile(0.99),
            OldestWaiting = states.Max(static state => state.OldestWaiting),
            Gaps = Gaps.Total,
            OpenGaps = Gaps.Open,
            OpenGap = Gaps.Oldest is { } gap ? $"{gap.Reason} ({gap.Concerns})" : null,
            Failed = Failed.Count,
            Pace = PaceWatch.Snapshot,
            Held = _gate.Reason ?? Waits.FirstOrDefault(static held => held is not null),
        };
    }

    private IEnumerable<string?> Waits => [.. _workers.Select(static one => one.Held), .. _scanners.Select(static one => one.Scanner.Held)];

    /// <summary>What it has written and removed on the target because both sides were seen to differ, and not because a change was heard of.</summary>
    public (long Written, long Removed) Mended => (_counters.LookedWritten, _counters.LookedDeleted);

    /// <summary>What it has moved until now.</summary>
    public MovedKeys Moved => _counters.Notable.Taken();

    /// <summary>What a comparison of both sides in this run covers.</summary>
    public VerifyOptions Comparison =>
        new()
        {
            Databases = DatabasePair.Of(_plan.Transfer.Scope),
            Names = _plan.Transfer.Scope.Names,
            Kinds = _plan.Transfer.Scope.Kinds,
            Expiry = _plan.Transfer.Scope.Expiry,
            Shift = _plan.Shift,
            ExactExpiry = true,
            TargetKeysOwned = OwnsTarget,
            OutageBudget = _options.OutageBudget,
            Pace = Pace,
            PageSize = Pace.Limits.Latency is null ? new VerifyOptions().PageSize : PacedPage,
            IsLeftOut = LeftOut.Contains,
        };

    private ValueTask FollowFunctionsAsync(CancellationToken stop) => Functions?.FollowAsync(stop) ?? ValueTask.CompletedTask;

    /// <summary>Puts back what was changed on the target, and says in words what became of it.</summary>
    public ValueTask<IReadOnlyList<string>> RestoreTargetAsync(CancellationToken stop) => ImportMode.RestoreAsync(stop);

    private void Note(NoteLevel level, string text) => Journal.Note(level, text);

    private (TimeSpan Oldest, long Changes) Backlog() => (Lanes.Queues.Max(static queue => queue.State().OldestWaiting), Lanes.Changes);

    private ValueTask LookAtStreamAsync(KeyId key, CancellationToken stop)
    {
        StreamLooked?.Invoke(key);
        return Lanes.LookAsync(key, stop);
    }

    private Rescan NewRescan(SlotRanges? slots) => new(_source, _target, Comparison with { Slots = slots }, Lanes.LookAsync, _time);
}
