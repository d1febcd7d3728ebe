using Keyferry.Model;

namespace Keyferry.Lanes;

/// <summary>The keys that changed during a comparison, so that they are compared again. Bounded: beyond the bound it only says that it is not complete. Thread-safe.</summary>
internal sealed class ChangedKeys
{
    private const int Most = 100_000;

    private readonly Lock _lock = new();
    private readonly HashSet<KeyId> _keys = [];
    private bool _overflowed;

    /// <summary>Hands over the keys and begins anew; <see langword="null"/> where there were too many.</summary>
    public IReadOnlyCollection<KeyId>? Take()
    {
        lock (_lock)
        {
            KeyId[]? taken = _overflowed ? null : [.. _keys];
            _keys.Clear();
            _overflowed = false;
            return taken;
        }
    }

    internal void Add(int database, ReadOnlySpan<byte> key)
    {
        lock (_lock)
        {
            if (_keys.Count >= Most)
            {
                _overflowed = true;
                return;
            }

            _ = _keys.Add(new KeyId(database, new KeyName(key.ToArray())));
        }
    }
}
