using System.Buffers;
using System.Buffers.Binary;

namespace Keyferry.Queue;

/// <summary>Keys in the order in which they came, in pooled blocks of memory: first in, first out, with access to those in between.</summary>
/// <remarks>
/// No object per key: a waiting key costs its own bytes and a header of <see cref="HeaderSize"/>. Blocks are handed back as soon as their last key has been
/// taken. Not thread-safe.
/// </remarks>
internal sealed class KeyRing
{
    /// <summary>Bytes that a key costs in the ring besides its own.</summary>
    public const int HeaderSize = 23;

    private const int BlockSize = 64 * 1024;

    private readonly List<Block> _blocks = [];
    private int _firstBlock;

    /// <summary>Keys that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of the blocks in use.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds a key at the end.</summary>
    /// <returns>Where it is, for <see cref="At"/>, until it is taken.</returns>
    public (int Block, int Offset) Append(in KeyEntry entry)
    {
        var size = HeaderSize + entry.Key.Length;
        if (_blocks.Count == 0 || _blocks[^1].Data.Length - _blocks[^1].End < size)
        {
            if (Count == 0 && _blocks.Count == 1)
            {
                // The kept block of an empty ring is too small for this key, and must not stand before the key's own.
                Release(_blocks[0]);
            }

            var block = new Block(ArrayPool<byte>.Shared.Rent(Math.Max(BlockSize, size)));
            _blocks.Add(block);
            Bytes += block.Data.Length;
        }

        var last = _blocks[^1];
        var offset = last.End;
        var at = last.Data.AsSpan(offset, size);
        BinaryPrimitives.WriteUInt32LittleEndian(at, entry.Hash);
        BinaryPrimitives.WriteInt32LittleEndian(at[4..], entry.Key.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(at[8..], (ushort)entry.Database);
        entry.Key.CopyTo(at[HeaderSize..]);
        last.End = offset + size;
        Count++;
        var position = (_firstBlock + _blocks.Count - 1, offset);
        Update(position, entry.Flags, entry.Sequence, entry.Milliseconds);
        return position;
    }

    /// <summary>The key that was put at <paramref name="position"/> and has not been taken.</summary>
    public KeyEntry At((int Block, int Offset) position) => Read(_blocks[position.Block - _firstBlock].Data.AsSpan(position.Offset));

    /// <summary>Changes what is noted beside a waiting key.</summary>
    public void Update((int Block, int Offset) position, KeyFlags flags, long sequence, uint milliseconds)
    {
        var at = _blocks[position.Block - _firstBlock].Data.AsSpan(position.Offset);
        at[10] = (byte)flags;
        BinaryPrimitives.WriteInt64LittleEndian(at[11..], sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(at[19..], milliseconds);
    }

    /// <summary>The first key, without taking it; valid until the next change of the ring.</summary>
    public bool TryPeek(out KeyEntry entry, out (int Block, int Offset) position)
    {
        if (Count == 0)
        {
            entry = default;
            position = default;
            return false;
        }

        position = (_firstBlock, _blocks[0].Start);
        entry = Read(_blocks[0].Data.AsSpan(_blocks[0].Start));
        return true;
    }

    /// <summary>Drops the first key, which must be there.</summary>
    public void DropFirst()
    {
        var first = _blocks[0];
        first.Start += HeaderSize + Read(first.Data.AsSpan(first.Start)).Key.Length;
        Count--;
        if (first.Start < first.End)
        {
            return;
        }

        if (_blocks.Count == 1 && first.Data.Length <= BlockSize * 2)
        {
            // The usual case of a ring that runs empty again and again: the block is kept, but gets a new number, so that no old position can point into it.
            first.Start = first.End = 0;
            _firstBlock++;
            return;
        }

        Release(first);
    }

    private void Release(Block first)
    {
        _blocks.RemoveAt(0);
        _firstBlock++;
        Bytes -= first.Data.Length;
        ArrayPool<byte>.Shared.Return(first.Data);
    }

    private static KeyEntry Read(ReadOnlySpan<byte> at)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(at[4..]);
        return new KeyEntry
        {
            Hash = BinaryPrimitives.ReadUInt32LittleEndian(at),
            Database = BinaryPrimitives.ReadUInt16LittleEndian(at[8..]),
            Flags = (KeyFlags)at[10],
            Sequence = BinaryPrimitives.ReadInt64LittleEndian(at[11..]),
            Milliseconds = BinaryPrimitives.ReadUInt32LittleEndian(at[19..]),
            Key = at.Slice(HeaderSize, length),
        };
    }

    private sealed class Block(byte[] data)
    {
        public byte[] Data { get; } = data;

        public int Start { get; set; }

        public int End { get; set; }
    }
}
