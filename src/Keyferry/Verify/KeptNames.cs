using System.Buffers.Binary;

namespace Keyferry.Verify;

/// <summary>Copies of the names that a walk has passed, so that some of them can be looked at again without another walk over all keys. Not thread-safe.</summary>
/// <param name="mostBytes">Room for them, their lengths included. When it is not enough, all are forgotten: another walk costs time, and no memory.</param>
internal sealed class KeptNames(long mostBytes = KeptNames.UsualRoom)
{
    /// <summary>Bytes for about two million names.</summary>
    public const long UsualRoom = 32 << 20;

    private const int ChunkBytes = 64 << 10;
    private const int LengthBytes = sizeof(int);

    private readonly List<(byte[] Bytes, int Used)> _full = [];
    private byte[] _chunk = [];
    private int _used;
    private long _bytes;

    /// <summary>Whether every name that was added is still here.</summary>
    public bool AreAll { get; private set; } = true;

    /// <summary>Adds a copy of a name.</summary>
    public void Add(ReadOnlySpan<byte> name)
    {
        if (!AreAll)
        {
            return;
        }

        var length = LengthBytes + name.Length;
        _bytes += length;
        if (_bytes > mostBytes)
        {
            Clear();
            AreAll = false;
            return;
        }

        if (_chunk.Length - _used < length)
        {
            _full.Add((_chunk, _used));
            (_chunk, _used) = (GC.AllocateUninitializedArray<byte>(Math.Max(ChunkBytes, length)), 0);
        }

        BinaryPrimitives.WriteInt32LittleEndian(_chunk.AsSpan(_used), name.Length);
        name.CopyTo(_chunk.AsSpan(_used + LengthBytes));
        _used += length;
    }

    /// <summary>Copies of those that fall into some of the buckets.</summary>
    /// <returns><see langword="null"/> where not all names are here, or those of the buckets have more than <paramref name="mostBytes"/> together.</returns>
    public KeyBatch? In(NameBuckets only, long mostBytes)
    {
        if (!AreAll)
        {
            return null;
        }

        var names = new KeyBatch();
        var left = mostBytes;
        foreach (var (bytes, used) in _full.Append((_chunk, _used)))
        {
            left -= Copy(bytes.AsSpan(0, used), names, only);
            if (left < 0)
            {
                names.Dispose();
                return null;
            }
        }

        return names;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _full.Clear();
        (_chunk, _used, _bytes, AreAll) = ([], 0, 0, true);
    }

    private static long Copy(ReadOnlySpan<byte> chunk, KeyBatch names, NameBuckets only)
    {
        var copied = 0L;
        while (!chunk.IsEmpty)
        {
            var name = chunk.Slice(LengthBytes, BinaryPrimitives.ReadInt32LittleEndian(chunk));
            if (only.Contains(name))
            {
                names.Add(name);
                copied += LengthBytes + name.Length;
            }

            chunk = chunk[(LengthBytes + name.Length)..];
        }

        return copied;
    }
}
