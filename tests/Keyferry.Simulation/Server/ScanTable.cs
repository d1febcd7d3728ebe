using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Keyferry.Simulation.Server;

/// <summary>A hash table that is walked as Redis walks its own.</summary>
/// <remarks>
/// <para><b>Promises.</b> A name that is present during a whole walk (cursor 0 to cursor 0) is seen at least once, however the table grows and shrinks meanwhile:
/// the cursor counts in the bits of the bucket number from the highest down. Names may be seen twice.</para>
/// <para>The order depends on the owner's seed, as on real servers: no two servers list their keys alike.</para>
/// </remarks>
internal sealed class ScanTable<T>(ulong seed) : IEnumerable<KeyValuePair<Blob, T>>
{
    private const int Smallest = 4;

    private List<KeyValuePair<Blob, T>>?[] _buckets = new List<KeyValuePair<Blob, T>>?[Smallest];

    /// <summary>How many names.</summary>
    public int Count { get; private set; }

    /// <summary>The names, in the table's order.</summary>
    public IEnumerable<Blob> Names => this.Select(static pair => pair.Key);

    /// <summary>Finds a name.</summary>
    public bool TryGet(Blob name, [MaybeNullWhen(false)] out T value)
    {
        foreach (var pair in _buckets[BucketOf(name, _buckets.Length)] ?? [])
        {
            if (pair.Key.Equals(name))
            {
                value = pair.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Whether the name is there.</summary>
    public bool Contains(Blob name) => TryGet(name, out _);

    /// <summary>Adds or replaces.</summary>
    /// <returns>Whether the name is new.</returns>
    public bool Set(Blob name, T value)
    {
        var bucket = _buckets[BucketOf(name, _buckets.Length)] ??= [];
        var index = bucket.FindIndex(pair => pair.Key.Equals(name));
        if (index >= 0)
        {
            bucket[index] = new(name, value);
            return false;
        }

        bucket.Insert(0, new(name, value));
        Count++;
        if (Count > _buckets.Length)
        {
            Resize(_buckets.Length * 2);
        }

        return true;
    }

    /// <summary>Takes a name out.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(Blob name)
    {
        var bucket = _buckets[BucketOf(name, _buckets.Length)];
        if (bucket is null || bucket.RemoveAll(pair => pair.Key.Equals(name)) == 0)
        {
            return false;
        }

        Count--;
        if (_buckets.Length > Smallest && Count * 10 < _buckets.Length)
        {
            Resize(_buckets.Length / 2);
        }

        return true;
    }

    /// <summary>One step of a walk: sees one bucket.</summary>
    /// <returns>The next cursor, 0 at the end.</returns>
    public ulong Scan(ulong cursor, Action<Blob, T> see)
    {
        var mask = (ulong)(_buckets.Length - 1);
        foreach (var (name, value) in _buckets[cursor & mask] ?? [])
        {
            see(name, value);
        }

        return Reverse(Reverse(cursor | ~mask) + 1);
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<Blob, T>> GetEnumerator() =>
        _buckets.Where(static bucket => bucket is not null).SelectMany(static bucket => bucket!).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static ulong Reverse(ulong bits)
    {
        var reversed = 0UL;
        for (var i = 0; i < 64; i++)
        {
            reversed = (reversed << 1) | ((bits >> i) & 1);
        }

        return reversed;
    }

    private int BucketOf(Blob name, int buckets) => (int)(name.Hash(seed) & (ulong)(buckets - 1));

    private void Resize(int buckets)
    {
        var all = this.ToList();
        _buckets = new List<KeyValuePair<Blob, T>>?[buckets];
        foreach (var pair in all)
        {
            (_buckets[BucketOf(pair.Key, buckets)] ??= []).Add(pair);
        }
    }
}
