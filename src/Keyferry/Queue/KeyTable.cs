namespace Keyferry.Queue;

/// <summary>Where in a <see cref="KeyRing"/> a key is: open addressing, 12 bytes a slot, at most two thirds full. Not thread-safe.</summary>
internal sealed class KeyTable(KeyRing ring)
{
    private Slot[] _slots = new Slot[64];
    private int _count;

    /// <summary>Bytes of the table.</summary>
    public long Bytes => _slots.Length * 12L;

    /// <summary>Finds a waiting key.</summary>
    public bool TryFind(uint hash, int database, ReadOnlySpan<byte> key, out (int Block, int Offset) position)
    {
        for (var i = Home(hash); _slots[i].Block != 0; i = (i + 1) & (_slots.Length - 1))
        {
            if (_slots[i].Hash != hash)
            {
                continue;
            }

            position = (_slots[i].Block - 1, _slots[i].Offset);
            var entry = ring.At(position);
            if (entry.Database == database && entry.Key.SequenceEqual(key))
            {
                return true;
            }
        }

        position = default;
        return false;
    }

    /// <summary>Adds a key that is not there.</summary>
    public void Add(uint hash, (int Block, int Offset) position)
    {
        if ((_count + 1) * 3L > _slots.Length * 2L)
        {
            Resize(_slots.Length * 2);
        }

        Put(new Slot(hash, position.Block + 1, position.Offset));
        _count++;
    }

    /// <summary>Removes the key at <paramref name="position"/>, which must be there. Later slots of the same run move up, so that no tombstones are needed.</summary>
    public void Remove(uint hash, (int Block, int Offset) position)
    {
        var mask = _slots.Length - 1;
        var hole = Home(hash);
        while (_slots[hole].Block != position.Block + 1 || _slots[hole].Offset != position.Offset)
        {
            hole = (hole + 1) & mask;
        }

        for (var next = (hole + 1) & mask; _slots[next].Block != 0; next = (next + 1) & mask)
        {
            var home = Home(_slots[next].Hash);
            if (((next - home) & mask) >= ((next - hole) & mask))
            {
                _slots[hole] = _slots[next];
                hole = next;
            }
        }

        _slots[hole] = default;
        _count--;
        if (_count == 0 && _slots.Length > 1 << 16)
        {
            _slots = new Slot[64];
        }
    }

    private int Home(uint hash) => (int)(hash & (uint)(_slots.Length - 1));

    private void Put(in Slot slot)
    {
        var i = Home(slot.Hash);
        while (_slots[i].Block != 0)
        {
            i = (i + 1) & (_slots.Length - 1);
        }

        _slots[i] = slot;
    }

    private void Resize(int length)
    {
        var old = _slots;
        _slots = new Slot[length];
        foreach (var slot in old)
        {
            if (slot.Block != 0)
            {
                Put(slot);
            }
        }
    }

    /// <param name="Hash">Hash of database and name.</param>
    /// <param name="Block">The ring's block number plus one; 0 marks a free slot.</param>
    /// <param name="Offset">Offset in the block.</param>
    private readonly record struct Slot(uint Hash, int Block, int Offset);
}
