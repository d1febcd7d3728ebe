using System.Numerics;

namespace Keyferry.Verify;

/// <summary>The names of one side, added up: they fall into buckets (<see cref="NameBuckets"/>) by their hashes, and each adds 64 bits.</summary>
/// <remarks>
/// <para>It is a sum, not an exclusive or, because SCAN may tell a key twice: told twice it makes the sum another one, never the one of a bucket without it.</para>
/// <para>Not thread-safe.</para>
/// </remarks>
/// <param name="bits">There are 2^bits buckets.</param>
internal sealed class NameSums(int bits)
{
    private readonly ulong[] _sums = new ulong[1 << bits];

    /// <summary>Names that were added.</summary>
    public long Keys { get; private set; }

    /// <summary>How many bits suit so many keys: about two buckets a key, within 16 MB for both sides together.</summary>
    public static int BitsFor(long keys) => Math.Clamp(BitOperations.Log2((ulong)Math.Max(1, keys)) + 1, 10, 20);

    /// <summary>Adds a name.</summary>
    public void Add(ReadOnlySpan<byte> name)
    {
        Keys++;
        var hash = NameBuckets.HashOf(name);
        _sums[NameBuckets.BucketOf(hash, bits)] += hash;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Keys = 0;
        Array.Clear(_sums);
    }

    /// <summary>The buckets in which the other side has other names, for all that the sums tell.</summary>
    public NameBuckets UnequalTo(NameSums other)
    {
        var unequal = new NameBuckets(bits);
        for (var bucket = 0; bucket < _sums.Length; bucket++)
        {
            if (_sums[bucket] != other._sums[bucket])
            {
                unequal.Add(bucket);
            }
        }

        return unequal;
    }
}
