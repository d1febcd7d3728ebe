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
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly long _budget;
    private readonly int _feedBudget;
    private readonly KeyRing _dirty = new();
    private readonly KeyTable _table;
    private readonly KeyRing _feed = new();
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

    /// <summary>Set whenever a batch is done: something may be settled, or there may be room.</summary>
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
        bool idle;
        lock (_lock)
        {
            idle = _dirty.Count == 0 && _feed.Count == 0;
        }

        if (idle)
        {
            await work.WaitAsync(stop);
        }
    }

    /// <summary>Returns when every key that was marked or offered before this call has been moved.</summary>
    public async ValueTask SettleAsync(CancellationToken stop)
    {
        // Keys of the snapshot get their number when they are taken, so those offered so far must have been.
        var offered = Interlocked.Read(ref _offered);
        while (true)
        {
            var progress = _progress.Next();
            if (Interlocked.Read(ref _taken) >= offered)
            {
                break;
            }

            await progress.WaitAsync(stop);
        }

        var mark = Sequence;
        while (true)
        {
            var progress = _progress.Next();
            if (SettledSequence >= mark)
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

    /// <summary>What waits and moves now.</summary>
    public QueueState State()
    {
        lock (_lock)
        {
            var oldest = uint.MaxValue;
            if (_dirty.TryPeek(out var first, out _) && first.Flags.HasFlag(KeyFlags.Live))
            {
                oldest = first.Milliseconds;
            }

            foreach (var batch in _moving)
            {
                foreach (ref readonly var item in batch.Items)
                {
                    oldest = item.Flags.HasFlag(KeyFlags.Live) && !item.Settled ? Math.Min(oldest, item.Milliseconds) : oldest;
                }
            }

            var age = oldest == uint.MaxValue ? 0 : Math.Max(0, Now() - oldest);
            return new QueueState(
                _dirty.Count,
                _dirty.Bytes + _table.Bytes,
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

            if (_dirty.Bytes + _table.Bytes + KeyRing.HeaderSize + key.Length > _budget && _dirty.Count > 0)
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
            if (_feed.Bytes > _feedBudget)
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
    /// <remarks>An eighth is kept for offered keys: on a source that changes faster than the lane moves, a pass over it would never end otherwise.</remarks>
    /// <returns>Whether there was anything.</returns>
    public bool TryTake(KeyBatch batch, int most)
    {
        batch.Clear();
        lock (_lock)
        {
            var kept = Math.Min(_feed.Count, ++_takes % 8 == 0 ? Math.Max(1, most / 8) : most / 8);
            while (batch.Count < most - kept && _dirty.TryPeek(out var entry, out var position))
            {
                batch.Add(entry);
                _table.Remove(entry.Hash, position);
                if (entry.Flags.HasFlag(KeyFlags.Again) && --_again == 0)
                {
                    _oldestAgain = long.MaxValue;
                }

                _dirty.DropFirst();
            }

            while (batch.Count < most && _feed.TryPeek(out var entry, out _))
            {
                batch.Add(
                    new KeyEntry
                    {
                        Database = entry.Database,
                        Key = entry.Key,
                        Hash = entry.Hash,
                        Flags = entry.Flags,
                        Sequence = ++_sequence,
                    }
                );
                _feed.DropFirst();
                _taken++;
            }

            if (batch.Count > 0)
            {
                _moving.Add(batch);
            }
        }

        return batch.Count > 0;
    }

    /// <summary>Ends the move of a batch: keys whose writes were not acknowledged are marked again, whatever the budget, with their old place in the count.</summary>
    public void Done(KeyBatch batch)
    {
        var again = false;
        lock (_lock)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                var item = batch.Items[i];
                if (item.Settled)
                {
                    continue;
                }

                again = true;
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

    /// <summary>
    /// A key that waits already is marked once more. Its look is still to come, so that one look serves both; but if the other mark is older (a failed move came back),
    /// the key must keep the older sequence, or the lane would count as settled too early.
    /// </summary>
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

/// <summary>What became of a mark.</summary>
internal enum MarkResult
{
    /// <summary>The key waits now.</summary>
    Added,

    /// <summary>The key was waiting already.</summary>
    Known,

    /// <summary>The budget is used up and the key was not noted: a gap must be opened.</summary>
    Full,
}

/// <summary>What waits and moves in a lane at one moment.</summary>
/// <param name="Waiting">Changed keys that wait.</param>
/// <param name="WaitingBytes">Bytes that they occupy.</param>
/// <param name="Fed">Keys of the snapshot that wait.</param>
/// <param name="Moving">Keys on their way.</param>
/// <param name="OldestWaiting">Age of the oldest change that is not on the target.</param>
internal readonly record struct QueueState(int Waiting, long WaitingBytes, int Fed, int Moving, TimeSpan OldestWaiting);
