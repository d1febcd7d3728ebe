using Keyferry.Model;

namespace Keyferry.Lanes;

/// <summary>The keys that changed during a comparison, so that they are compared again. Bounded: beyond the bound it only says that it is not complete. Thread-safe.</summary>
internal sealed class ChangedKeys
{
    private const int Most = 100_000;
    private const long MostBytes = 16 << 20;

    private readonly Lock _lock = new();
    private readonly HashSet<KeyId> _keys = [];
    private long _bytes;
    private bool _overflowed;

    /// <summary>Hands over the keys and begins anew; <see langword="null"/> where there were too many.</summary>
    public IReadOnlyCollection<KeyId>? Take()
    {
        lock (_lock)
        {
            KeyId[]? taken = _overflowed ? null : [.. _keys];
            _keys.Clear();
            _bytes = 0;
            _overflowed = false;
            return taken;
        }
    }

    internal void Add(int database, ReadOnlySpan<byte> key)
    {
        lock (_lock)
        {
            if (_overflowed || _keys.Count >= Most || _bytes + key.Length > MostBytes)
            {
                _overflowed = true;
                return;
            }

            _bytes += _keys.Add(new KeyId(database, new KeyName(key.ToArray()))) ? key.Length : 0;
        }
    }
}
