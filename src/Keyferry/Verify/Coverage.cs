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
    /// <summary>Bytes of memory for the unproved keys that are remembered.</summary>
    private const long MostBytes = 32L << 20;

    /// <summary>What a key takes beside its name.</summary>
    private const int BytesPerKey = 100;

    /// <summary>So many comparisons in a row find a key unequal before it is a difference that a look does not mend.</summary>
    private const int LooksUntilDifferent = 5;

    private readonly Lock _lock = new();
    private readonly Dictionary<KeyId, int> _unproved = [];
    private readonly HashSet<KeyId> _addedMeanwhile = [];
    private long _bytes;
    private int _different;
    private int _from;
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

    /// <summary>Keys that differ although they were looked at again and again.</summary>
    public int Different
    {
        get
        {
            lock (_lock)
            {
                return _different;
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
            _addedMeanwhile.Clear();
            (_bytes, _different) = (0, 0);
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
                Note(key, 0);
                _ = _addedMeanwhile.Add(key);
                VoidIfTooMany();
            }
        }
    }

    /// <summary>Says that the target told of a write to this key: it must be compared again. The looks that found it unequal until now still count, since the write may be
    /// their own mending.</summary>
    /// <returns>Whether no look has found it unequal yet.</returns>
    public bool AddTold(in KeyId key)
    {
        lock (_lock)
        {
            var looks = _unproved.GetValueOrDefault(key);
            Note(key, looks);
            VoidIfTooMany();
            return looks == 0;
        }
    }

    /// <summary>Keys to be compared now, with the number of comparisons that found each unequal since it was touched. Where there are more, their turn comes with the next
    /// calls.</summary>
    /// <param name="most">So many at most.</param>
    public IReadOnlyList<KeyValuePair<KeyId, int>> Take(int most)
    {
        lock (_lock)
        {
            _addedMeanwhile.Clear();
            if (_unproved.Count <= most)
            {
                return [.. _unproved];
            }

            _from = _from < _unproved.Count ? _from : 0;
            KeyValuePair<KeyId, int>[] taken = [.. _unproved.Skip(_from).Take(most)];
            // The equal ones among them are gone by the next call, and others have moved up to their places; whoever is passed over so has its turn after the last.
            _from += most;
            return taken;
        }
    }

    /// <summary>A comparison has found the key equal. It says nothing of a key that was handed in again since the keys to be compared were taken.</summary>
    public void Proved(in KeyId key)
    {
        lock (_lock)
        {
            if (_addedMeanwhile.Contains(key))
            {
                return;
            }

            if (_unproved.Remove(key, out var looks))
            {
                _bytes -= BytesOf(key);
                _different -= looks >= LooksUntilDifferent ? 1 : 0;
            }
        }
    }

    /// <summary>A comparison has found the key unequal.</summary>
    /// <returns>How often in a row.</returns>
    public int Unequal(in KeyId key)
    {
        lock (_lock)
        {
            var looks = _unproved.GetValueOrDefault(key) + 1;
            Note(key, looks);
            VoidIfTooMany();
            return looks;
        }
    }

    private void Note(in KeyId key, int looks)
    {
        _different += (looks >= LooksUntilDifferent ? 1 : 0) - (_unproved.GetValueOrDefault(key) >= LooksUntilDifferent ? 1 : 0);
        _bytes += _unproved.ContainsKey(key) ? 0 : BytesOf(key);
        _unproved[key] = looks;
    }

    private static long BytesOf(in KeyId key) => BytesPerKey + key.Name.Span.Length;

    private void VoidIfTooMany()
    {
        if (_bytes > MostBytes)
        {
            Void("more keys changed than can be remembered to be compared again");
        }
    }
}
