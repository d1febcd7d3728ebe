using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Keyferry.Verify;

/// <summary>Some of the buckets, and thereby some of the keys: those whose names fall into them.</summary>
/// <param name="bits">There are 2^bits buckets.</param>
internal sealed class BucketSet(int bits) : IScanFilter
{
    private const int NameHashBits = 64;
    private const int CoarseBits = 12;
    private readonly ulong[] _members = new ulong[Math.Max(1, (1 << bits) / 64)];
    private readonly byte[] _coarse = new byte[(1 << CoarseBits) / 8];

    /// <summary>How many buckets.</summary>
    public int Count { get; private set; }

    /// <summary>How many there could be.</summary>
    public int Capacity => 1 << bits;

    /// <summary>A map for a server to sort out most of the other keys by: one bit for each value of the first 12 bits of a name's hash.</summary>
    public ReadOnlySpan<byte> Coarse => _coarse;

    /// <summary>Adds a bucket.</summary>
    public void Add(int bucket)
    {
        Count++;
        _members[bucket / 64] |= 1UL << (bucket % 64);
        var (first, last) =
            bits >= CoarseBits
                ? (bucket >> (bits - CoarseBits), bucket >> (bits - CoarseBits))
                : (bucket << (CoarseBits - bits), ((bucket + 1) << (CoarseBits - bits)) - 1);
        for (var coarse = first; coarse <= last; coarse++)
        {
            _coarse[coarse / 8] |= (byte)(1 << (coarse % 8));
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Script => DigestScript.Names;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Argument => _coarse;

    /// <summary>Whether the key falls into one of the buckets.</summary>
    public bool Contains(ReadOnlySpan<byte> key)
    {
        var bucket = BucketOf(NameHash(key), bits);
        return ((_members[bucket / 64] >> (bucket % 64)) & 1) != 0;
    }

    /// <summary>The bucket, of 2^<paramref name="bits"/>, of a name with this hash.</summary>
    public static int BucketOf(ulong nameHash, int bits) => (int)(nameHash >> (NameHashBits - bits));

    /// <summary>The hash of a name as the scripts take it: the first 64 bits of its SHA-1.</summary>
    public static ulong NameHash(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        _ = SHA1.HashData(key, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
