using System.Numerics;

namespace Keyferry.Verify;

/// <summary>What one side has, added up: keys fall into buckets by the hash of their names, and each adds 64 bits that depend on its name, its value and its expiry.</summary>
/// <remarks>
/// <para>It is a sum, not an exclusive or, because SCAN may tell a key twice: told twice it makes the sum another one, never the one of a bucket without it.</para>
/// <para>Where a server tells only the time that is left, expiries are known to some milliseconds, and are added up by themselves: they may be apart by the tolerance, times
/// the keys of the bucket that expire.</para>
/// <para>Not thread-safe.</para>
/// </remarks>
/// <param name="bits">There are 2^bits buckets.</param>
/// <param name="exactExpiries">Whether both servers tell the very millisecond of an expiry.</param>
internal sealed class BucketSums(int bits, bool exactExpiries = true)
{
    /// <summary>An expiry for keys that have none.</summary>
    public const long NoExpiry = -1;

    private readonly ulong[] _sums = new ulong[1 << bits];
    private readonly long[] _expiries = new long[exactExpiries ? 0 : 1 << bits];
    private readonly int[] _expiring = new int[exactExpiries ? 0 : 1 << bits];
    private readonly ulong[] _unknown = new ulong[Math.Max(1, (1 << bits) / 64)];

    /// <summary>There are 2^Bits buckets.</summary>
    public int Bits => bits;

    /// <summary>Keys that were added.</summary>
    public long Keys { get; private set; }

    /// <summary>How many bits suit so many keys: about two buckets a key, within 16 MB for both sides together.</summary>
    public static int BitsFor(long keys) => Math.Clamp(BitOperations.Log2((ulong)Math.Max(1, keys)) + 1, 10, 20);

    /// <summary>Adds a key.</summary>
    /// <param name="nameHash">The first 64 bits of the SHA-1 of its name.</param>
    /// <param name="digest">The digest of its value.</param>
    /// <param name="expiry">Milliseconds since 1970 by the target's clock, or <see cref="NoExpiry"/>.</param>
    public void Add(ulong nameHash, ulong digest, long expiry)
    {
        Keys++;
        var bucket = BucketSet.BucketOf(nameHash, bits);
        var summed = expiry;
        if (!exactExpiries && expiry != NoExpiry)
        {
            _expiries[bucket] += expiry;
            _expiring[bucket]++;
            summed = 0;
        }

        _sums[bucket] += Mixed(Mixed(Mixed(nameHash) ^ digest) ^ (ulong)summed);
    }

    /// <summary>Adds a key of whose value nothing is known: its bucket is equal to no other.</summary>
    public void AddUnknown(ulong nameHash)
    {
        Keys++;
        var bucket = BucketSet.BucketOf(nameHash, bits);
        _unknown[bucket / 64] |= 1UL << (bucket % 64);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Keys = 0;
        Array.Clear(_sums);
        Array.Clear(_unknown);
        Array.Clear(_expiries);
        Array.Clear(_expiring);
    }

    /// <summary>The buckets that are not certainly equal.</summary>
    /// <param name="other">The other side.</param>
    /// <param name="tolerance">Milliseconds by which an expiry may differ, where expiries are not exact.</param>
    public BucketSet UnequalTo(BucketSums other, long tolerance = 0)
    {
        var unequal = new BucketSet(bits);
        for (var bucket = 0; bucket < _sums.Length; bucket++)
        {
            if (
                _sums[bucket] != other._sums[bucket]
                || (((_unknown[bucket / 64] | other._unknown[bucket / 64]) >> (bucket % 64)) & 1) != 0
                || (!exactExpiries && Math.Abs(_expiries[bucket] - other._expiries[bucket]) > tolerance * _expiring[bucket])
            )
            {
                unequal.Add(bucket);
            }
        }

        return unequal;
    }

    /// <summary>Spreads every bit of the input over all bits of the output (the finaliser of SplitMix64); one-to-one.</summary>
    private static ulong Mixed(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
