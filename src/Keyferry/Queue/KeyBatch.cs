using System.Buffers;
using Keyferry.Model;

namespace Keyferry.Queue;

/// <summary>Keys on their way through a lane together, with their bytes in one buffer. Reused; owned by one lane.</summary>
internal sealed class KeyBatch
{
    private byte[] _bytes;
    private Item[] _items;
    private int _used;

    /// <summary>For many keys.</summary>
    public KeyBatch()
    {
        _bytes = ArrayPool<byte>.Shared.Rent(16 * 1024);
        _items = new Item[128];
    }

    /// <summary>For one key, and not more memory than that needs.</summary>
    public KeyBatch(in KeyEntry entry)
    {
        _bytes = new byte[entry.Key.Length];
        _items = new Item[1];
        Add(entry);
    }

    /// <summary>How many keys there are.</summary>
    public int Count { get; private set; }

    /// <summary>The smallest sequence of the keys; <see cref="long.MaxValue"/> when empty.</summary>
    public long OldestSequence { get; private set; } = long.MaxValue;

    /// <summary>When the batch was taken, in milliseconds since the lane began.</summary>
    public uint TakenAt { get; set; }

    /// <summary>Whether MGET has told nothing of its keys, so that they are read by DUMP whatever their size.</summary>
    public bool IsSecondLook { get; private set; }

    /// <summary>From here on the keys are those that a pass over the source found; before it, those that changed.</summary>
    public int FirstOffered { get; set; }

    /// <summary>The keys, for reading and for noting what became of them.</summary>
    public Span<Item> Items => _items.AsSpan(0, Count);

    /// <summary>The bytes of one key.</summary>
    public ReadOnlySpan<byte> Key(int index) => _bytes.AsSpan(_items[index].Offset, _items[index].Length);

    /// <summary>Takes a copy of <paramref name="entry"/>.</summary>
    public void Add(in KeyEntry entry)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
        }

        if (_bytes.Length - _used < entry.Key.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _used + entry.Key.Length));
            _bytes.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        entry.Key.CopyTo(_bytes.AsSpan(_used));
        _items[Count++] = new Item
        {
            Offset = _used,
            Length = entry.Key.Length,
            Database = entry.Database,
            Hash = entry.Hash,
            Flags = entry.Flags,
            Sequence = entry.Sequence,
            Milliseconds = entry.Milliseconds,
        };
        _used += entry.Key.Length;
        OldestSequence = Math.Min(OldestSequence, entry.Sequence);
    }

    /// <summary>A batch of its own for one key, that was taken when this one was.</summary>
    public KeyBatch Split(int index) => new(EntryOf(index)) { TakenAt = TakenAt };

    /// <summary>Puts the keys that are read by MGET before the others, so that they stand together; both as they were among themselves, and those that changed still before
    /// those that a pass found.</summary>
    /// <remarks>Whoever looks at a batch under way from elsewhere, to tell how old its keys are, may miss one of them at this moment; what must not be missed is in
    /// <see cref="OldestSequence"/>.</remarks>
    public void GroupByRead()
    {
        var changed = Math.Min(FirstOffered, Count);
        var spare = ArrayPool<Item>.Shared.Rent(Count);
        GroupByRead(Items[..changed], spare);
        GroupByRead(Items[changed..], spare);
        ArrayPool<Item>.Shared.Return(spare);
    }

    private static void GroupByRead(Span<Item> items, Span<Item> spare)
    {
        var (first, others) = (0, 0);
        for (var i = 0; i < items.Length; i++)
        {
            if (items[i].ByMGet)
            {
                items[first++] = items[i];
            }
            else
            {
                spare[others++] = items[i];
            }
        }

        spare[..others].CopyTo(items[first..]);
    }

    /// <summary>Lets the keys of which nothing has been decided go on in another batch, which is taken when this one was.</summary>
    /// <param name="rest">That batch; it is emptied first.</param>
    /// <returns>Whether there were any.</returns>
    public bool LeaveTo(KeyBatch rest)
    {
        rest.Clear();
        rest.IsSecondLook = true;
        rest.TakenAt = TakenAt;
        for (var i = 0; i < Count; i++)
        {
            if (i == FirstOffered)
            {
                rest.FirstOffered = rest.Count;
            }

            if (_items[i].Write == KeyWrite.None)
            {
                rest.Add(EntryOf(i));
                _items[i].Write = KeyWrite.Aside;
            }
        }

        return rest.Count > 0;
    }

    /// <summary>Empties the batch for its next use.</summary>
    public void Clear()
    {
        Count = 0;
        IsSecondLook = false;
        FirstOffered = int.MaxValue;
        _used = 0;
        OldestSequence = long.MaxValue;
    }

    private KeyEntry EntryOf(int index) =>
        new()
        {
            Database = _items[index].Database,
            Key = Key(index),
            Hash = _items[index].Hash,
            Flags = _items[index].Flags,
            Sequence = _items[index].Sequence,
            Milliseconds = _items[index].Milliseconds,
        };

    /// <summary>One key of the batch.</summary>
    internal struct Item
    {
        public int Offset;
        public int Length;
        public int Database;
        public uint Hash;
        public KeyFlags Flags;
        public long Sequence;
        public uint Milliseconds;

        /// <summary>Whether it does not belong to the run by what it is now: its type, its size, or whether it expires.</summary>
        public bool IsOutside;

        /// <summary>Whether the primary itself has to be asked, and no replica.</summary>
        public bool OnPrimary;

        /// <summary>Bytes of memory that it takes on the source; 0 where that was not asked for.</summary>
        public int Memory;

        /// <summary>Whether its value is read by MGET, together with others; else by DUMP.</summary>
        public bool ByMGet;

        /// <summary>Whether the source was asked for its value.</summary>
        public bool Asked;

        /// <summary>What the lane sent to the target for it.</summary>
        public KeyWrite Write;

        /// <summary>How many keys, from this one on, the target's next answer is about: those of one MSET. 0 for a key with an answer of its own, and for the others of an MSET.</summary>
        public int Together;

        /// <summary>Why the target is not to have the key although the source has it: it cannot hold it. <see langword="null"/> otherwise.</summary>
        public string? Refusal;

        /// <summary>Whether the target's reply to it is in, and counts.</summary>
        public bool Settled;

        /// <summary>Whether its expiry was not read well enough, so that another look is needed.</summary>
        public bool IsVague;

        /// <summary>The type of its value, once that was read.</summary>
        public KeyType Type;

        /// <summary>Payload bytes sent for it.</summary>
        public int PayloadBytes;
    }
}

/// <summary>What a lane sent to the target for one key.</summary>
internal enum KeyWrite : byte
{
    /// <summary>Not yet decided.</summary>
    None,

    /// <summary>Its value, in place of whatever the target has: by RESTORE, or by MSET together with others.</summary>
    Put,

    /// <summary>UNLINK: the key was not there when it was read.</summary>
    Unlink,

    /// <summary>Nothing: the key could not be read, or is of no concern.</summary>
    Nothing,

    /// <summary>Nothing for this batch: a batch of its own answers for the key, which is moved in pieces beside the lane, or read once more.</summary>
    Aside,
}
