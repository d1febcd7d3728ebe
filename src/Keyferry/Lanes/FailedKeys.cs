using Keyferry.Model;

namespace Keyferry.Lanes;

/// <summary>Keys that the target refuses for a reason of their own (not for the state it is in), so that trying again at once would not help.</summary>
/// <remarks>A key leaves as soon as a later look at it succeeds. Thread-safe. Bounded: beyond the bound the set only says that it is not complete.</remarks>
internal sealed class FailedKeys
{
    private const int Most = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<KeyId, string> _reasons = [];
    private int _count;
    private bool _overflowed;

    /// <summary>Keys that stand refused.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether more keys were refused than can be remembered.</summary>
    public bool Overflowed => Volatile.Read(ref _overflowed);

    /// <summary>Whether <paramref name="key"/> stands refused.</summary>
    public bool Contains(KeyId key)
    {
        lock (_lock)
        {
            return _reasons.ContainsKey(key);
        }
    }

    /// <summary>Some of the keys.</summary>
    public IReadOnlyList<KeyId> First(int most)
    {
        lock (_lock)
        {
            return [.. _reasons.Keys.Take(most)];
        }
    }

    /// <summary>Notes that the target refused the key with <paramref name="reason"/>.</summary>
    public void Add(int database, ReadOnlySpan<byte> key, string reason)
    {
        lock (_lock)
        {
            if (_reasons.Count >= Most)
            {
                Volatile.Write(ref _overflowed, true);
                return;
            }

            _reasons[new KeyId(database, new KeyName(key.ToArray()))] = reason;
            Volatile.Write(ref _count, _reasons.Count);
        }
    }

    /// <summary>Notes that the key was moved after all.</summary>
    public void Remove(int database, ReadOnlySpan<byte> key)
    {
        if (Count == 0)
        {
            return;
        }

        lock (_lock)
        {
            _ = _reasons.Remove(new KeyId(database, new KeyName(key.ToArray())));
            Volatile.Write(ref _count, _reasons.Count);
        }
    }

    /// <summary>How many keys stand refused for each reason.</summary>
    public IReadOnlyDictionary<string, int> ByReason()
    {
        lock (_lock)
        {
            return _reasons.Values.GroupBy(static reason => reason).ToDictionary(static group => group.Key, static group => group.Count());
        }
    }
}
