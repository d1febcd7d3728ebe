using Keyferry.Model;
using Keyferry.Queue;

namespace Keyferry.Lanes;

/// <summary>All lanes of a run: says which lane a key takes, and whether everything known has been moved.</summary>
/// <remarks>A key always takes the same lane: its hash decides. Thread-safe.</remarks>
internal sealed class LaneSet : IChangeSink, ISnapshotSink
{
    private readonly LaneQueue[] _queues;
    private readonly GapLedger _gaps;
    private readonly DatabaseScope _scope;
    private long _changes;
    private long _writes;
    private WatchedKeys? _watched;
    private ChangedKeys? _changed;

    public LaneSet(int lanes, long dirtyBudget, DatabaseScope scope, GapLedger gaps, TimeProvider time)
    {
        _gaps = gaps;
        _scope = scope;
        _queues = new LaneQueue[lanes];
        for (var i = 0; i < lanes; i++)
        {
            _queues[i] = new LaneQueue(dirtyBudget / lanes, feedBudget: 128 * 1024, time);
        }
    }

    /// <summary>One queue per lane.</summary>
    public IReadOnlyList<LaneQueue> Queues => _queues;

    /// <summary>Up to when every change of the source has been marked, as the capture knows it.</summary>
    public Func<long?> HeardUpTo { get; set; } = static () => null;

    /// <summary>Changes that captures have reported.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Changes that were no expiries: what tells a busy source from an idle one.</summary>
    public long Writes => Interlocked.Read(ref _writes);

    /// <inheritdoc/>
    public void Changed(int database, ReadOnlySpan<byte> key)
    {
        if (!IsOurs(database, key))
        {
            return;
        }

        _ = Interlocked.Increment(ref _writes);
        if (Mark(database, key) == MarkResult.Full)
        {
            NoteLost();
        }
    }

    /// <inheritdoc/>
    /// <remarks>One that finds no room is no loss where expiries are moved: the target has had the key's expiry with its value, and removes it by its own clock.</remarks>
    public void Expired(int database, ReadOnlySpan<byte> key)
    {
        if (IsOurs(database, key) && Mark(database, key) == MarkResult.Full && _scope.Expiry.Drops)
        {
            NoteLost();
        }
    }

    private void NoteLost()
    {
        Volatile.Read(ref _watched)?.TouchAll();
        _gaps.Note("more keys changed than the memory budget for dirty keys holds", since: HeardUpTo());
    }

    private bool IsOurs(int database, ReadOnlySpan<byte> key) => _scope.Covers(database, key) && !ReservedKeys.Contains(key);

    private MarkResult Mark(int database, ReadOnlySpan<byte> key)
    {
        _ = Interlocked.Increment(ref _changes);
        var hash = LaneQueue.HashOf(database, key);
        Volatile.Read(ref _watched)?.Touch(database, key);
        Volatile.Read(ref _changed)?.Add(database, key);
        return Of(hash).Mark(database, key, hash, KeyFlags.Live);
    }

    /// <summary>A verify asks for another look. What does not fit becomes a gap.</summary>
    public void LookAgain(KeyId key)
    {
        var hash = LaneQueue.HashOf(key.Database, key.Name.Span);
        if (Of(hash).Mark(key.Database, key.Name.Span, hash, KeyFlags.Look) == MarkResult.Full)
        {
            _gaps.Note("more keys wait for another look than the memory budget for dirty keys holds");
        }
    }

    /// <summary>A rescan asks for another look. Waits while the lane has no room.</summary>
    /// <remarks>Offered as the snapshot's keys are: live changes neither wait behind a rescan nor find their memory taken by it.</remarks>
    public async ValueTask LookAsync(KeyId key, CancellationToken stop)
    {
        while (!TryOffer(key.Database, key.Name.Span, KeyFlags.Look, out var room))
        {
            await room.WaitAsync(stop);
        }
    }

    /// <summary>The snapshot hands over a key.</summary>
    /// <returns>Whether the lane has taken it; if not, <paramref name="room"/> completes when there may be room.</returns>
    public bool TryOffer(int database, ReadOnlySpan<byte> key, out Task room) => TryOffer(database, key, KeyFlags.Snapshot, out room);

    private bool TryOffer(int database, ReadOnlySpan<byte> key, KeyFlags flags, out Task room)
    {
        var hash = LaneQueue.HashOf(database, key);
        var queue = Of(hash);
        room = Task.CompletedTask;
        if (!_scope.Covers(database, key))
        {
            return true;
        }

        if (queue.TryOffer(database, key, hash, flags))
        {
            return true;
        }

        room = queue.Progress.Next();
        return queue.TryOffer(database, key, hash, flags);
    }

    /// <summary>Returns when every key that was marked or offered before this call has been moved, as soon as that can be.</summary>
    public ValueTask SettleAsync(CancellationToken stop) => SettleAsync(hurry: true, stop);

    /// <summary>Returns when every key that was marked or offered before this call has been moved.</summary>
    /// <param name="hurry">Whether large keys that change all the time are moved at once; else each when its turn comes.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask SettleAsync(bool hurry, CancellationToken stop)
    {
        foreach (var queue in _queues)
        {
            await queue.SettleAsync(hurry, stop);
        }
    }

    /// <summary>Begins to remember which keys change, for <see cref="TakeChanged"/>.</summary>
    public void RememberChanged() => Volatile.Write(ref _changed, new ChangedKeys());

    /// <summary>The keys that have changed since this was asked last, or since they are remembered; <see langword="null"/> where there were too many.</summary>
    public IReadOnlyCollection<KeyId>? TakeChanged() => Volatile.Read(ref _changed) is { } changed ? changed.Take() : [];

    /// <summary>Begins to note which of <paramref name="keys"/> change.</summary>
    public WatchedKeys Watch(IEnumerable<KeyId> keys)
    {
        var watched = new WatchedKeys(keys, EndWatch);
        Volatile.Write(ref _watched, watched);
        return watched;
    }

    /// <inheritdoc/>
    public void AllChanged(string reason)
    {
        _ = Interlocked.Increment(ref _writes);
        MayHaveMissed(reason, HeardUpTo());
    }

    /// <inheritdoc/>
    public void MayHaveMissed(string reason, long? since = null, GapCause? cause = null, bool lasts = false)
    {
        Volatile.Read(ref _watched)?.TouchAll();
        _gaps.Note(reason, since: since, cause: cause, lasts: lasts);
    }

    /// <summary>Slots have moved: changes of their keys may have been missed.</summary>
    public void MayHaveMissed(string reason, SlotRanges slots)
    {
        Volatile.Read(ref _watched)?.TouchAll();
        _gaps.NoteSlots(reason, slots);
    }

    private void EndWatch(WatchedKeys watched) => _ = Interlocked.CompareExchange(ref _watched, null, watched);

    private LaneQueue Of(uint hash) => _queues[(hash >> 8) % (uint)_queues.Length];
}
