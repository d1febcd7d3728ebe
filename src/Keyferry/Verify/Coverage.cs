using Keyferry.Model;

namespace Keyferry.Verify;

/// <summary>What is known to be equal on both sides: which keys must be compared (again) before equality can be claimed, and whether all others were compared since they
/// were last moved. Thread-safe.</summary>
/// <remarks>
/// <para><b>The rule.</b> A key counts as verified when it was compared equal and was not touched since. Touched keys are handed in here; a key leaves only when a comparison
/// that began after everything heard of it had been moved has found it equal.</para>
/// <para>What cannot be said key by key (a gap, more touched keys than can be remembered) voids the whole coverage, and the walk begins anew.</para>
/// </remarks>
internal sealed class Coverage
{
    /// <summary>Unproved keys that are remembered. (100 bytes each, or so.)</summary>
    private const int Most = 200_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<KeyId, int> _unproved = [];
    private int _epoch;
    private bool _complete;
    private string? _lostBy;

    /// <summary>Counts the times that the coverage was voided.</summary>
    public int Epoch
    {
        get
        {
            lock (_lock)
            {
                return _epoch;
            }
        }
    }

    /// <summary>Keys that must be compared (again).</summary>
    public int Unproved
    {
        get
        {
            lock (_lock)
            {
                return _unproved.Count;
            }
        }
    }

    /// <summary>Whether every key is verified but for the unproved ones.</summary>
    public bool IsComplete
    {
        get
        {
            lock (_lock)
            {
                return _complete;
            }
        }
    }

    /// <summary>Why the coverage was voided last, or <see langword="null"/>.</summary>
    public string? LostBy
    {
        get
        {
            lock (_lock)
            {
                return _lostBy;
            }
        }
    }

    /// <summary>Nothing that was compared before counts any more.</summary>
    public void Void(string why)
    {
        lock (_lock)
        {
            (_epoch, _complete, _lostBy) = (_epoch + 1, false, why);
            _unproved.Clear();
        }
    }

    /// <summary>A walk over both sides has come to its end.</summary>
    /// <param name="epoch">The epoch in which it began.</param>
    public void Completed(int epoch)
    {
        lock (_lock)
        {
            _complete |= epoch == _epoch;
        }
    }

    /// <summary>Says that these keys were touched, or did not look equal, and must be compared (again).</summary>
    public void Add(IEnumerable<KeyId> keys)
    {
        lock (_lock)
        {
            foreach (var key in keys)
            {
                _unproved[key] = 0;
            }
        }

        if (Unproved > Most)
        {
            Void("more keys changed than can be remembered to be compared again");
        }
    }

    /// <summary>The keys to be compared now, with the number of comparisons that found each unequal since it was touched.</summary>
    public IReadOnlyList<KeyValuePair<KeyId, int>> Take()
    {
        lock (_lock)
        {
            return [.. _unproved];
        }
    }

    /// <summary>A comparison has found the key equal.</summary>
    public void Proved(in KeyId key)
    {
        lock (_lock)
        {
            _ = _unproved.Remove(key);
        }
    }

    /// <summary>A comparison has found the key unequal.</summary>
    /// <returns>How often in a row.</returns>
    public int Unequal(in KeyId key)
    {
        lock (_lock)
        {
            return _unproved[key] = _unproved.GetValueOrDefault(key) + 1;
        }
    }
}
