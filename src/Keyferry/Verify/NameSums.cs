using System.Numerics;

namespace Keyferry.Verify;

/// <summary>The names of one side, added up: they fall into buckets (<see cref="NameBuckets"/>) by their hashes, and each adds 64 bits.</summary>
/// <remarks>
/// <para>It is a sum, not an exclusive or, because SCAN may tell a key twice: told twice it makes the sum another one, never the one of a bucket without it.</para>
/// <para>Not thread-safe.</para>
/// </remarks>
/// <param name="bits">There are 2^bits buckets.</param>
/// <param name="kept">Gets a copy of each name, for as long as there is room; <see langword="null"/> to remember none.</param>
internal sealed class NameSums(int bits, KeptNames? kept = null)
{
    private readonly ulong[] _sums = new ulong[1 << bits];

    /// <summary>Hashes whose turn is still to come: each hits a place of its own in megabytes, and a processor waits for many such places at once if it is told of them at once.</summary>
    private readonly ulong[] _waiting = new ulong[64];
    private int _waits;

    /// <summary>Names that were added.</summary>
    public long Keys { get; private set; }

    /// <summary>How many bits suit so many keys: about two buckets a key, within 16 MB for both sides together.</summary>
    public static int BitsFor(long keys) => Math.Clamp(BitOperations.Log2((ulong)Math.Max(1, keys)) + 1, 10, 20);

    /// <summary>Adds a name.</summary>
    public void Add(ReadOnlySpan<byte> name)
    {
        Keys++;
        kept?.Add(name);
        _waiting[_waits++] = NameBuckets.HashOf(name);
        if (_waits == _waiting.Length)
        {
            AddWaiting();
        }
    }

    /// <summary>Adds packed names.</summary>
    public void AddPacked(ReadOnlySpan<byte> packed)
    {
        for (var names = new PackedNames(packed); names.Next(out var name); )
        {
            Add(name);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        (Keys, _waits) = (0, 0);
        kept?.Clear();
        Array.Clear(_sums);
    }

    /// <summary>The buckets in which the other side has other names, for all that the sums tell.</summary>
    public NameBuckets UnequalTo(NameSums other)
    {
        AddWaiting();
        other.AddWaiting();
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

    private void AddWaiting()
    {
        foreach (var hash in _waiting.AsSpan(0, _waits))
        {
            _sums[NameBuckets.BucketOf(hash, bits)] += hash;
        }

        _waits = 0;
    }
}
