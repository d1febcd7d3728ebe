using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server;

/// <summary>The data of a server: databases, lazy and active expiry, and the telling of changes.</summary>
internal sealed class Keyspace(SimServer server, int databases, ulong seed)
{
    private readonly Database[] _databases = [.. Enumerable.Range(0, databases).Select(number => new Database(seed + (ulong)number))];

    /// <summary>Told of each key that is put; for oracles.</summary>
    public Action<int, Blob>? Putting { get; set; }

    /// <summary>How many databases there are.</summary>
    public int Count => _databases.Length;

    /// <summary>The seed of the tables inside values.</summary>
    public ulong Seed => seed;

    /// <summary>The database that the command's client has selected.</summary>
    public int Selected { get; set; }

    /// <summary>Bytes of all keys and values.</summary>
    public long Bytes => _databases.Sum(static database => database.Bytes);

    public Database this[int number] => _databases[number];

    /// <summary>Looks a key up for reading or writing; an expired one is deleted on the way, with its event.</summary>
    public KeyEntry? Find(Blob key, int? database = null, bool touch = true)
    {
        var number = database ?? Selected;
        var entry = _databases[number].Find(key);
        if (entry?.ExpiresAt <= server.Clock)
        {
            Expire(number, key);
            return null;
        }

        if (entry is not null && touch && server.Current is not { NoTouch: true } && server.Clock >= server.Statistics.ChildUntil)
        {
            entry.UsedAt = server.Clock;
        }

        return entry;
    }

    /// <summary>The key's value of an expected type, or <see langword="null"/> where there is no key.</summary>
    /// <exception cref="CommandError">It is of another type.</exception>
    public T? Find<T>(Blob key)
        where T : RedisValue => Find(key)?.Value is not { } value ? null : value as T ?? throw CommandError.WrongType;

    /// <summary>The key's value of an expected type, made where there is no key.</summary>
    public T FindOrAdd<T>(Blob key, Func<T> make)
        where T : RedisValue
    {
        if (Find<T>(key) is { } value)
        {
            return value;
        }

        value = make();
        Put(key, value);
        return value;
    }

    /// <summary>Adds or replaces a key; whatever it was is gone, its expiry too.</summary>
    public KeyEntry Put(Blob key, RedisValue value, long? expiresAt = null, int? database = null)
    {
        var entry = new KeyEntry(value) { ExpiresAt = expiresAt, UsedAt = server.Clock };
        var number = database ?? Selected;
        Putting?.Invoke(number, key);
        var isNew = _databases[number].Find(key) is null;
        _databases[number].Put(key, entry);
        if (isNew)
        {
            Tell('n', "new", key, number);
        }

        return entry;
    }

    /// <summary>Says that the selected database's key was changed by an operation of class <paramref name="type"/>.</summary>
    public void Changed(char type, string operation, Blob key, int? database = null)
    {
        var number = database ?? Selected;
        if (_databases[number].Find(key) is { } entry)
        {
            _databases[number].Measure(key, entry);
        }

        server.Tracking.Touched(key);
        Tell(type, operation, key, number);
    }

    /// <summary>Says more about a change that was already told of (SET with an expiry tells twice).</summary>
    public void Tell(char type, string operation, Blob key, int? database = null) =>
        server.PubSub.Tell(type, operation, key, database ?? Selected);

    /// <summary>Takes the key out if nothing is left in it, and says so.</summary>
    public void DropIfEmpty(Blob key)
    {
        if (_databases[Selected].Find(key)?.Value.IsEmpty == true)
        {
            _ = _databases[Selected].Remove(key);
            Changed('g', "del", key);
        }
    }

    /// <summary>Deletes a key, and says so.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Delete(Blob key, int? database = null)
    {
        var number = database ?? Selected;
        if (Find(key, number) is null)
        {
            return false;
        }

        _ = _databases[number].Remove(key);
        Changed('g', "del", key, number);
        return true;
    }

    /// <summary>Deletes what has expired, but for a share that the next cycle finds.</summary>
    public void ExpireSome(Func<bool> leave)
    {
        for (var number = 0; number < _databases.Length; number++)
        {
            foreach (var key in _databases[number].ExpiredBy(server.Clock).Where(_ => !leave()))
            {
                Expire(number, key);
            }
        }
    }

    /// <summary>The earliest expiry of any key.</summary>
    public long? NextExpiry() => _databases.Min(static database => database.NextExpiry);

    /// <summary>Throws a random key out to make room.</summary>
    /// <returns>False when there is none.</returns>
    public bool Evict(Func<int, int> below)
    {
        var filled = Enumerable.Range(0, Count).Where(number => _databases[number].Keys.Count > 0).ToList();
        if (filled.Count == 0)
        {
            return false;
        }

        var database = filled[below(filled.Count)];
        var key = _databases[database].Keys.Names.ElementAt(below(_databases[database].Keys.Count));
        _ = _databases[database].Remove(key);
        Changed('e', "evicted", key, database);
        server.Statistics.Evicted++;
        return true;
    }

    /// <summary>Empties one database or all. Raises no event; tracking clients hear of it.</summary>
    public void Flush(int? database = null)
    {
        for (var number = 0; number < _databases.Length; number++)
        {
            if (database is null || database == number)
            {
                _databases[number].Clear();
            }
        }

        server.Tracking.Flushed();
    }

    /// <summary>Exchanges two databases. Nobody hears of it.</summary>
    public void Swap(int first, int second) => (_databases[first], _databases[second]) = (_databases[second], _databases[first]);

    private void Expire(int number, Blob key)
    {
        // A pause keeps the key (hidden), and a replica waits for its master.
        if (server.Pause.HoldsExpiry || server.IsReplica)
        {
            return;
        }

        _ = _databases[number].Remove(key);
        Changed('x', "expired", key, number);
        server.Statistics.Expired++;
    }
}
