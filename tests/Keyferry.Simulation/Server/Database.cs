namespace Keyferry.Simulation.Server;

/// <summary>One logical database: the keys, and the order in which they expire.</summary>
internal sealed class Database(ulong seed)
{
    private readonly SortedSet<(long At, Blob Key)> _expiring = [];

    /// <summary>All keys, the expired ones that were not yet deleted too.</summary>
    public ScanTable<KeyEntry> Keys { get; private set; } = new(seed);

    /// <summary>Keys with an expiry.</summary>
    public int Expiring => _expiring.Count;

    /// <summary>When the next key expires.</summary>
    public long? NextExpiry => _expiring.Count == 0 ? null : _expiring.Min.At;

    /// <summary>Bytes of all keys.</summary>
    public long Bytes { get; private set; }

    public KeyEntry? Find(Blob key) => Keys.TryGet(key, out var entry) ? entry : null;

    /// <summary>Adds or replaces; the entry's expiry counts.</summary>
    public void Put(Blob key, KeyEntry entry)
    {
        _ = Remove(key);
        _ = Keys.Set(key, entry);
        entry.Bytes = 0;
        Measure(key, entry);
        if (entry.ExpiresAt is { } at)
        {
            _ = _expiring.Add((at, key));
        }
    }

    /// <summary>Takes a key out; its entry stays as it is, so that it can be put elsewhere.</summary>
    public bool Remove(Blob key)
    {
        if (!Keys.TryGet(key, out var entry))
        {
            return false;
        }

        if (entry.ExpiresAt is { } at)
        {
            _ = _expiring.Remove((at, key));
        }

        Bytes -= entry.Bytes;
        return Keys.Remove(key);
    }

    /// <summary>Sets or takes away the expiry.</summary>
    public void Expire(Blob key, KeyEntry entry, long? at)
    {
        if (entry.ExpiresAt is { } old)
        {
            _ = _expiring.Remove((old, key));
        }

        entry.ExpiresAt = at;
        if (at is { } due)
        {
            _ = _expiring.Add((due, key));
        }
    }

    /// <summary>Counts the bytes anew after a change.</summary>
    public void Measure(Blob key, KeyEntry entry)
    {
        var bytes = key.Length + entry.Value.Bytes;
        Bytes += bytes - entry.Bytes;
        entry.Bytes = bytes;
    }

    /// <summary>Keys that have expired by <paramref name="now"/>, the earliest first.</summary>
    public List<Blob> ExpiredBy(long now) => [.. _expiring.TakeWhile(item => item.At <= now).Select(static item => item.Key)];

    public void Clear()
    {
        Keys = new ScanTable<KeyEntry>(seed);
        _expiring.Clear();
        Bytes = 0;
    }
}
