using System.Text;
using Keyferry.Queue;

namespace Keyferry.Contracts;

/// <summary>Remembers what a capture has said, and in which order. Thread-safe.</summary>
internal sealed class HeardChanges : IChangeSink
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Last, int Times)> _keys = [];
    private readonly List<string> _losses = [];
    private long _said;
    private long _lastLoss;

    /// <summary>The place in the order that has been reached.</summary>
    public long Now
    {
        get
        {
            lock (_lock)
            {
                return _said;
            }
        }
    }

    /// <summary>Why something may have been missed, each time that it was said.</summary>
    public IReadOnlyList<string> Losses
    {
        get
        {
            lock (_lock)
            {
                return [.. _losses];
            }
        }
    }

    /// <summary>Whether the key was told of after a place in the order, or something was said to be missed after that.</summary>
    public bool Covers(long after, byte[] key)
    {
        lock (_lock)
        {
            return _lastLoss > after || _keys.GetValueOrDefault(Convert.ToHexString(key)).Last > after;
        }
    }

    /// <summary>How often a key was told of.</summary>
    public int Times(string key)
    {
        lock (_lock)
        {
            return _keys.GetValueOrDefault(Convert.ToHexString(Encoding.ASCII.GetBytes(key))).Times;
        }
    }

    /// <inheritdoc/>
    public void Changed(int database, ReadOnlySpan<byte> key)
    {
        var name = Convert.ToHexString(key);
        lock (_lock)
        {
            _keys[name] = (++_said, _keys.GetValueOrDefault(name).Times + 1);
        }
    }

    /// <inheritdoc/>
    public void Expired(int database, ReadOnlySpan<byte> key) => Changed(database, key);

    /// <inheritdoc/>
    public void AllChanged(string reason) => MayHaveMissed(reason);

    /// <inheritdoc/>
    public void MayHaveMissed(string reason, long? since = null, GapCause? cause = null, bool lasts = false)
    {
        lock (_lock)
        {
            _losses.Add(reason);
            _lastLoss = ++_said;
        }
    }
}
