namespace Keyferry.Queue;

/// <summary>Changed keys whose values were large when they were moved last. Each rests after a move for a multiple of what the move took, so that a large value
/// that changes all the time neither keeps the small ones waiting nor keeps both servers busy.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Beside a lane's dirty keys: a key that is known to be large waits here until it is due, and is then taken alone.</para>
/// <para><b>Promises.</b> A key that waits here is as dirty as one in the queue: it is found again when it is marked, and settling waits for it. Whoever must not wait
/// for the rests says so (<see cref="Hurry"/>).</para>
/// <para><b>Concurrency.</b> Used under the lock of the queue.</para>
/// </remarks>
internal sealed class LargeKeys
{
    /// <summary>Bytes of payload from which on a value counts as large: below, a move takes the servers a few milliseconds at most.</summary>
    public const int LargePayload = 256 * 1024;

    /// <summary>
    /// A key rests so many times as long as its move took. Both servers stand still during DUMP and RESTORE of it; at one part in twenty, 99 of a hundred changes of
    /// other keys meet none of that or its end.
    /// </summary>
    private const uint RestPerCost = 20;

    /// <summary>Milliseconds that count at most: a move that took longer went piece by piece beside the others, or was held up by something else.</summary>
    private const uint HighestCost = 500;

    /// <summary>Beyond so many, the keys whose rest is over are forgotten, and further ones are not remembered.</summary>
    private const int MostKnown = 4096;

    private readonly Dictionary<uint, uint> _dueByHash = [];
    private readonly List<Waiting> _waiting = [];
    private uint _dueForAny;
    private long _hurried = -1;

    /// <summary>Keys that wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Bytes that they occupy, about.</summary>
    public long Bytes { get; private set; }

    /// <summary>The smallest sequence of the keys that wait; <see cref="long.MaxValue"/> without any.</summary>
    public long OldestSequence { get; private set; } = long.MaxValue;

    /// <summary>When the oldest live change that waits here was heard of; <see cref="uint.MaxValue"/> without any.</summary>
    public uint OldestChange
    {
        get
        {
            var oldest = uint.MaxValue;
            foreach (var key in _waiting)
            {
                oldest = key.Flags.HasFlag(KeyFlags.Live) ? Math.Min(oldest, key.Milliseconds) : oldest;
            }

            return oldest;
        }
    }

    /// <summary>Whether the key was large when it was moved last. Two keys of one hash share the answer: then the other one rests, too.</summary>
    public bool Knows(uint hash) => _dueByHash.Count > 0 && _dueByHash.ContainsKey(hash);

    /// <summary>Learns from an acknowledged move.</summary>
    /// <param name="hash">The key's.</param>
    /// <param name="payload">Bytes of its value.</param>
    /// <param name="took">Milliseconds from the take of its batch to the acknowledgement.</param>
    /// <param name="now">Milliseconds of the queue's clock.</param>
    public void Moved(uint hash, int payload, uint took, uint now)
    {
        if (payload < LargePayload)
        {
            if (_dueByHash.Count > 0)
            {
                _ = _dueByHash.Remove(hash);
            }

            return;
        }

        var cost = Math.Min(took, HighestCost);
        if (_dueByHash.Count >= MostKnown && !_dueByHash.ContainsKey(hash))
        {
            Forget(now);
        }

        if (_dueByHash.Count < MostKnown)
        {
            _dueByHash[hash] = now + (cost * RestPerCost);
        }

        // However many keys are large: together they get half of the lane.
        _dueForAny = now + cost;
    }

    /// <summary>Lets a key wait here that was taken from the queue's order.</summary>
    public void Add(in KeyEntry entry)
    {
        _waiting.Add(new Waiting(entry, entry.Key.ToArray()));
        Bytes += Cost(entry.Key.Length);
        OldestSequence = Math.Min(OldestSequence, entry.Sequence);
    }

    /// <summary>Marks a key that waits here once more; the older mark counts.</summary>
    /// <returns>Whether it waits here.</returns>
    public bool TryMerge(int database, ReadOnlySpan<byte> key, uint hash, KeyFlags flags, long sequence, uint milliseconds)
    {
        foreach (var waiting in _waiting)
        {
            if (waiting.Hash == hash && waiting.Database == database && waiting.Key.AsSpan().SequenceEqual(key))
            {
                waiting.Merge(flags, sequence, milliseconds);
                OldestSequence = Math.Min(OldestSequence, waiting.Sequence);
                return true;
            }
        }

        return false;
    }

    /// <summary>Ends the rest of every key that was marked up to <paramref name="sequence"/>.</summary>
    public void Hurry(long sequence) => _hurried = Math.Max(_hurried, sequence);

    /// <summary>Moves the key that is due, if there is one, into <paramref name="batch"/>, which is empty.</summary>
    public bool TryTake(KeyBatch batch, uint now)
    {
        for (var i = 0; i < _waiting.Count; i++)
        {
            var key = _waiting[i];
            if (DueIn(key, now) > 0)
            {
                continue;
            }

            _waiting.RemoveAt(i);
            Bytes -= Cost(key.Key.Length);
            OldestSequence = _waiting.Count == 0 ? long.MaxValue : _waiting.Min(static left => left.Sequence);
            batch.Add(key.Entry);
            return true;
        }

        return false;
    }

    /// <summary>Milliseconds until a key is due; <see langword="null"/> without any.</summary>
    public uint? NextDueIn(uint now)
    {
        uint? next = null;
        foreach (var key in _waiting)
        {
            var left = DueIn(key, now);
            next = next is { } other && other < left ? other : left;
        }

        return next;
    }

    private static int Cost(int length) => 96 + length;

    private uint DueIn(Waiting key, uint now)
    {
        if (key.Sequence <= _hurried)
        {
            return 0;
        }

        var due = Math.Max(_dueForAny, _dueByHash.GetValueOrDefault(key.Hash));
        return due > now ? due - now : 0;
    }

    private void Forget(uint now)
    {
        foreach (var (hash, due) in _dueByHash)
        {
            if (due <= now && !_waiting.Exists(waiting => waiting.Hash == hash))
            {
                _ = _dueByHash.Remove(hash);
            }
        }
    }

    private sealed class Waiting(in KeyEntry entry, byte[] key)
    {
        private KeyFlags _flags = entry.Flags & ~KeyFlags.Again;

        public uint Hash { get; } = entry.Hash;

        public int Database { get; } = entry.Database;

        public byte[] Key { get; } = key;

        public KeyFlags Flags => _flags;

        public long Sequence { get; private set; } = entry.Sequence;

        public uint Milliseconds { get; private set; } = entry.Milliseconds;

        public KeyEntry Entry =>
            new()
            {
                Database = Database,
                Key = Key,
                Hash = Hash,
                Flags = _flags,
                Sequence = Sequence,
                Milliseconds = Milliseconds,
            };

        public void Merge(KeyFlags flags, long sequence, uint milliseconds)
        {
            if (flags.HasFlag(KeyFlags.Live))
            {
                Milliseconds = _flags.HasFlag(KeyFlags.Live) ? Math.Min(Milliseconds, milliseconds) : milliseconds;
            }

            _flags |= flags & ~KeyFlags.Again;
            Sequence = Math.Min(Sequence, sequence);
        }
    }
}
