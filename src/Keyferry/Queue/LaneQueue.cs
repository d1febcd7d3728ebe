using System.IO.Hashing;

namespace Keyferry.Queue;

/// <summary>The keys of one lane that must be looked at: changed ones first, then those that a pass over the source found.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Between those who mark keys (captures, a verify) or offer them (snapshot, rescans), and the lane, which moves them.</para>
/// <para><b>Promises.</b> A waiting key is held once, however often it is marked. A key leaves before its value is read, so a change during the read queues it
/// again. Keys leave in the order of their first mark. Nothing is dropped silently: a mark that does not fit in the budget is refused with
/// <see cref="MarkResult.Full"/>, and the caller owes a gap.</para>
/// <para><b>Concurrency.</b> Anybody may mark, one scanner offers, one lane takes. All under one short lock; nobody waits inside it.</para>
/// </remarks>
internal sealed class LaneQueue
{
    /// <summary>How many keys a pass may be ahead of the lane: a source needs less of its time for keys that are read while what SCAN has touched is still near its processor.</summary>
    public const int MostOffered = 1024;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly long _budget;
    private readonly int _feedBudget;
    private readonly KeyRing _dirty = new();
    private readonly KeyTable _table;
    private readonly KeyRing _feed = new();
    private readonly LargeKeys _large = new();
    private readonly List<KeyBatch> _moving = [];
    private readonly Pulse _work = new();
    private readonly Pulse _progress = new();
    private long _sequence;
    private long _offered;
    private long _taken;
    private int _again;
    private int _takes;
    private long _oldestAgain = long.MaxValue;

    /// <param name="budget">Bytes that waiting changed keys may occupy.</param>
    /// <param name="feedBudget">Bytes that the snapshot may run ahead of the lane.</param>
    /// <param name="time">The clock of the run.</param>
    public LaneQueue(long budget, int feedBudget, TimeProvider time)
    {
        _time = time;
        _began = time.GetTimestamp();
        _budget = budget;
        _feedBudget = feedBudget;
        _table = new KeyTable(_dirty);
    }

    /// <summary>Set whenever a batch is taken or done: there may be room, or something may be settled.</summary>
    public Pulse Progress => _progress;

    /// <summary>The sequence of the latest mark or take.</summary>
    public long Sequence
    {
        get
        {
            lock (_lock)
            {
                return _sequence;
            }
        }
    }

    /// <summary>No key that was marked up to this sequence waits or moves any more.</summary>
    public long SettledSequence
    {
        get
        {
            lock (_lock)
            {
                var oldest = Math.Min(_oldestAgain, _dirty.TryPeek(out var first, out _) ? first.Sequence : long.MaxValue);
                oldest = Math.Min(oldest, _large.OldestSequence);
                foreach (var batch in _moving)
                {
                    oldest = Math.Min(oldest, batch.OldestSequence);
                }

                return oldest == long.MaxValue ? _sequence : oldest - 1;
            }
        }
    }

    /// <summary>Returns when there may be something to take.</summary>
    public async ValueTask WaitForWorkAsync(CancellationToken stop)
    {
        var work = _work.Next();
        uint? dueIn;
        lock (_lock)
        {
            if (_dirty.Count > 0 || _feed.Count > 0)
            {
                return;
            }

            dueIn = _large.NextDueIn(Now());
        }

        try
        {
            await (dueIn is { } rest ? work.WaitAsync(TimeSpan.FromMilliseconds(rest), _time, stop) : work.WaitAsync(stop));
        }
        catch (TimeoutException)
        {
            // A key's rest is over.
        }
    }

    /// <summary>Returns when every key that was marked or offered before this call has been moved.</summary>
    /// <param name="hurry">Whether large keys are to be moved at once, without the rest that they would have.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask SettleAsync(bool hurry, CancellationToken stop)
    {
        // Keys of the snapshot get their number when they are taken, so those offered so far must have been.
        var offered = Interlocked.Read(ref _offered);
        await WaitUntilAsync(() => Interlocked.Read(ref _taken) >= offered, stop);
        var mark = Sequence;
        if (hurry)
        {
            lock (_lock)
            {
                _large.Hurry(mark);
            }

            _work.Set();
        }

        await WaitUntilAsync(() => SettledSequence >= mark, stop);
    }

    private async ValueTask WaitUntilAsync(Func<bool> reached, CancellationToken stop)
    {
        while (true)
        {
            var progress = _progress.Next();
            if (reached())
            {
                return;
            }

            await progress.WaitAsync(stop);
        }
    }

    /// <summary>Hash of a database and a key's name; decides the lane, too.</summary>
    public static uint HashOf(int database, ReadOnlySpan<byte> key)
    {
        var hash = XxHash3.HashToUInt64(key, database);
        return (uint)(hash ^ (hash >> 32));
    }

    /// <summary>What waits and moves now. (HasFlag allocates for each key until a method is optimised, and this one is called too seldom for that.)</summary>
    public QueueState State()
    {
        lock (_lock)
        {
            var oldest = _large.OldestChange;
            if (_dirty.TryPeek(out var first, out _) && first.Flags.HasFlag(KeyFlags.Live))
            {
                oldest = Math.Min(oldest, first.Milliseconds);
            }

            foreach (var batch in _moving)
            {
                foreach (ref readonly var item in batch.Items)
                {
                    oldest = (item.Flags & KeyFlags.Live) == KeyFlags.Live && !item.Settled ? Math.Min(oldest, item.Milliseconds) : oldest;
                }
            }

            var age = oldest == uint.MaxValue ? 0 : Math.Max(0, Now() - oldest);
            return new QueueState(
                _dirty.Count + _large.Count,
                _dirty.Bytes + _table.Bytes + _large.Bytes,
                _feed.Count,
                _moving.Sum(static batch => batch.Count),
                TimeSpan.FromMilliseconds(age)
            );
        }
    }

    /// <summary>Milliseconds since the lane began: the clock of <see cref="KeyEntry.Milliseconds"/>.</summary>
    public uint Now() => (uint)_time.GetElapsedTime(_began).TotalMilliseconds;

    /// <summary>Says that a key must be looked at.</summary>
    public MarkResult Mark(int database, ReadOnlySpan<byte> key, uint hash, KeyFlags flags)
    {
        lock (_lock)
        {
            if (_table.TryFind(hash, database, key, out var position))
            {
                Merge(position, flags, long.MaxValue, Now());
                return MarkResult.Known;
            }

            if (_large.TryMerge(database, key, hash, flags, long.MaxValue, Now()))
            {
                return MarkResult.Known;
            }

            if (_dirty.Bytes + _table.Bytes + _large.Bytes + KeyRing.HeaderSize + key.Length > _budget && _dirty.Count > 0)
            {
                return MarkResult.Full;
            }

            Append(database, key, hash, flags, ++_sequence, Now());
        }

        _work.Set();
        return MarkResult.Added;
    }

    /// <summary>Hands over a key that a pass over the source (snapshot, rescan) found, if the lane is not too far behind.</summary>
    /// <returns>Whether it was taken; if not, wait for <see cref="Progress"/> and offer it again.</returns>
    public bool TryOffer(int database, ReadOnlySpan<byte> key, uint hash, KeyFlags flags = KeyFlags.Snapshot)
    {
        lock (_lock)
        {
            if (_feed.Bytes > _feedBudget || _feed.Count >= MostOffered)
            {
                return false;
            }

            _ = _feed.Append(
                new KeyEntry
                {
                    Database = database,
                    Key = key,
                    Hash = hash,
                    Flags = flags,
                }
            );
            _offered++;
        }

        _work.Set();
        return true;
    }

    /// <summary>Fills <paramref name="batch"/>, changed keys first, and counts it as moving until <see cref="Done"/>.</summary>
    /// <remarks>An eighth is kept for offered keys: on a source that changes faster than the lane moves, a pass over it would never end otherwise. The two have bounds
    /// of their own, so that changes go on as fast as before while a pass meets large values.</remarks>
    /// <param name="batch">Is emptied first.</param>
    /// <param name="mostChanged">Changed keys, if there is nothing else.</param>
    /// <param name="mostOffered">Offered keys, if there is nothing else.</param>
    /// <returns>Whether there was anything.</returns>
    public bool TryTake(KeyBatch batch, int mostChanged, int mostOffered)
    {
        batch.Clear();
        lock (_lock)
        {
            batch.TakenAt = Now();
            if (_large.Count == 0 || !_large.TryTake(batch, batch.TakenAt))
            {
                var kept = Math.Min(_feed.Count, ++_takes % 8 == 0 ? Math.Max(1, mostOffered / 8) : mostOffered / 8);
                TakeChanged(batch, kept == 0 ? mostChanged : mostChanged - Math.Max(1, mostChanged / 8));
                TakeOffered(batch, Math.Max(kept, (int)((long)mostOffered * (mostChanged - batch.Count) / mostChanged)));
            }

            if (batch.Count > 0)
            {
                _moving.Add(batch);
            }
        }

        _progress.Set();
        return batch.Count > 0;
    }

    private void TakeChanged(KeyBatch batch, int most)
    {
        while (batch.Count < most && _dirty.TryPeek(out var entry, out var position))
        {
            if (_large.Knows(entry.Hash))
            {
                _large.Add(entry);
            }
            else
            {
                batch.Add(entry);
            }

            _table.Remove(entry.Hash, position);
            if (entry.Flags.HasFlag(KeyFlags.Again) && --_again == 0)
            {
                _oldestAgain = long.MaxValue;
            }

            _dirty.DropFirst();
        }
    }

    private void TakeOffered(KeyBatch batch, int most)
    {
        for (batch.FirstOffered = batch.Count; most > 0 && _feed.TryPeek(out var entry, out _); most--)
        {
            batch.Add(entry.At(++_sequence));
            _feed.DropFirst();
            _taken++;
        }
    }

    /// <summary>Lets keys of a batch that is moving go on in a batch of their own, which is to be ended by <see cref="Done"/> as well.</summary>
    public void SetAside(KeyBatch own)
    {
        lock (_lock)
        {
            _moving.Add(own);
        }
    }

    /// <summary>Ends the move of a batch: keys whose writes were not acknowledged are marked again, whatever the budget, with their old place in the count.</summary>
    public void Done(KeyBatch batch)
    {
        var again = false;
        lock (_lock)
        {
            var now = Now();
            for (var i = 0; i < batch.Count; i++)
            {
                var item = batch.Items[i];
                if (item.Settled)
                {
                    _large.Moved(item.Hash, item.PayloadBytes, now - batch.TakenAt, now);
                    continue;
                }

                again = true;
                if (_large.TryMerge(item.Database, batch.Key(i), item.Hash, item.Flags, item.Sequence, item.Milliseconds))
                {
                    continue;
                }

                if (_table.TryFind(item.Hash, item.Database, batch.Key(i), out var position))
                {
                    Merge(position, item.Flags, item.Sequence, item.Milliseconds);
                    continue;
                }

                Append(item.Database, batch.Key(i), item.Hash, item.Flags | KeyFlags.Again, item.Sequence, item.Milliseconds);
                NoteAgain(item.Sequence);
            }

            _ = _moving.Remove(batch);
        }

        if (again)
        {
            _work.Set();
        }

        _progress.Set();
    }

    private void Append(int database, ReadOnlySpan<byte> key, uint hash, KeyFlags flags, long sequence, uint milliseconds) =>
        _table.Add(
            hash,
            _dirty.Append(
                new KeyEntry
                {
                    Database = database,
                    Key = key,
                    Hash = hash,
                    Flags = flags,
                    Sequence = sequence,
                    Milliseconds = milliseconds,
                }
            )
        );

    /// <summary>A key that waits already is marked once more. Its look is still to come, so that one look serves both; but if the other mark is older (a failed move came
    /// back), the key must keep the older sequence, or the lane would count as settled too early.</summary>
    private void Merge((int Block, int Offset) position, KeyFlags flags, long sequence, uint milliseconds)
    {
        var entry = _dirty.At(position);
        var merged = (entry.Flags | flags) & ~KeyFlags.Again;
        var since =
            !entry.Flags.HasFlag(KeyFlags.Live) ? milliseconds
            : !flags.HasFlag(KeyFlags.Live) ? entry.Milliseconds
            : Math.Min(entry.Milliseconds, milliseconds);
        if (sequence < entry.Sequence)
        {
            if (!entry.Flags.HasFlag(KeyFlags.Again))
            {
                NoteAgain(sequence);
            }

            _oldestAgain = Math.Min(_oldestAgain, sequence);
            _dirty.Update(position, merged | KeyFlags.Again, sequence, since);
            return;
        }

        _dirty.Update(position, merged | (entry.Flags & KeyFlags.Again), entry.Sequence, since);
    }

    private void NoteAgain(long sequence)
    {
        _again++;
        _oldestAgain = Math.Min(_oldestAgain, sequence);
    }
}
