using System.IO.Hashing;

namespace Keyferry.Verify;

/// <summary>Some of the buckets into which names fall by their hashes, and thereby some of the keys: those whose names fall into them.</summary>
/// <param name="bits">There are 2^bits buckets.</param>
internal sealed class NameBuckets(int bits)
{
    private const int HashBits = 64;
    private readonly ulong[] _members = new ulong[Math.Max(1, (1 << bits) / 64)];

    /// <summary>How many buckets.</summary>
    public int Count { get; private set; }

    /// <summary>How many there could be.</summary>
    public int Capacity => 1 << bits;

    /// <summary>Adds a bucket.</summary>
    public void Add(int bucket)
    {
        Count++;
        _members[bucket / 64] |= 1UL << (bucket % 64);
    }

    /// <summary>Whether the key falls into one of the buckets.</summary>
    public bool Contains(ReadOnlySpan<byte> key)
    {
        var bucket = BucketOf(HashOf(key), bits);
        return ((_members[bucket / 64] >> (bucket % 64)) & 1) != 0;
    }

    /// <summary>The bucket, of 2^<paramref name="bits"/>, of a name with this hash.</summary>
    public static int BucketOf(ulong hash, int bits) => (int)(hash >> (HashBits - bits));

    /// <summary>64 bits of a name.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> name) => XxHash3.HashToUInt64(name);
}
