using System.Collections.Concurrent;
using System.IO.Hashing;
using Keyferry.Model;

namespace Keyferry.Lanes;

/// <summary>Keys that a verifier looks at again, and whether they change meanwhile. By 64-bit hash: two keys that share one are touched together, which errs to the safe side.</summary>
internal sealed class WatchedKeys : IDisposable
{
    private readonly ConcurrentDictionary<ulong, bool> _touched = new();
    private readonly Action<WatchedKeys> _ended;
    private bool _all;

    internal WatchedKeys(IEnumerable<KeyId> keys, Action<WatchedKeys> ended)
    {
        _ended = ended;
        foreach (var key in keys)
        {
            _touched[HashOf(key.Database, key.Name.Span)] = false;
        }
    }

    /// <summary>Whether <paramref name="key"/> has changed since the watch began, or may have.</summary>
    public bool WasTouched(in KeyId key) =>
        Volatile.Read(ref _all) || (_touched.TryGetValue(HashOf(key.Database, key.Name.Span), out var touched) && touched);

    /// <inheritdoc/>
    public void Dispose() => _ended(this);

    internal void Touch(int database, ReadOnlySpan<byte> key)
    {
        var hash = HashOf(database, key);
        if (_touched.ContainsKey(hash))
        {
            _touched[hash] = true;
        }
    }

    internal void TouchAll() => Volatile.Write(ref _all, true);

    private static ulong HashOf(int database, ReadOnlySpan<byte> key) => XxHash3.HashToUInt64(key, database + 1);
}
