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
    /// <returns><see langword="null"/> where not all names are here, or more than <paramref name="most"/> of them fall into those buckets.</returns>
    public KeyBatch? In(NameBuckets only, int most)
    {
        if (!AreAll)
        {
            return null;
        }

        var names = new KeyBatch();
        foreach (var (bytes, used) in _full.Append((_chunk, _used)))
        {
            Copy(bytes.AsSpan(0, used), names, only);
            if (names.Count > most)
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

    private static void Copy(ReadOnlySpan<byte> chunk, KeyBatch names, NameBuckets only)
    {
        while (!chunk.IsEmpty)
        {
            var name = chunk.Slice(LengthBytes, BinaryPrimitives.ReadInt32LittleEndian(chunk));
            if (only.Contains(name))
            {
                names.Add(name);
            }

            chunk = chunk[(LengthBytes + name.Length)..];
        }
    }
}
