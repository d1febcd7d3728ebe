using Keyferry.Model;

namespace Keyferry.Verify;

/// <summary>Keys that the target has told of while the source has not: written by somebody else, perhaps. Used by one round at a time.</summary>
/// <remarks>The run's own writes are told as well, and are of keys that the source told of before; or they mend what was found unequal. So only a key counts that was told
/// of by the target alone, was then found unequal twice, with everything moved in between, and is equal after another look.</remarks>
internal sealed class StrayKeys
{
    private readonly Dictionary<KeyId, bool> _keys = [];
    private long _putRight;

    /// <summary>Keys that were put right.</summary>
    public long PutRight => Interlocked.Read(ref _putRight);

    /// <summary>Hands what the target told of to the coverage, but for what is compared with the next round in any case.</summary>
    /// <param name="coverage">Where the keys must be compared again.</param>
    /// <param name="told">What the target told of.</param>
    /// <param name="touched">What the source told of before.</param>
    /// <param name="late">What the source told of meanwhile.</param>
    public void Note(
        Coverage coverage,
        IReadOnlyCollection<KeyId> told,
        IReadOnlyCollection<KeyId> touched,
        IReadOnlyCollection<KeyId> late
    )
    {
        HashSet<KeyId> next = [.. late];
        HashSet<KeyId> own = told.Count == 0 && _keys.Count == 0 ? [] : [.. touched];
        foreach (var key in told.Where(key => !next.Contains(key)))
        {
            if (coverage.AddTold(key) && !own.Contains(key))
            {
                _ = _keys.TryAdd(key, false);
            }
        }

        if (_keys.Count > 0)
        {
            foreach (var key in next.Concat(own))
            {
                _ = _keys.Remove(key);
            }
        }
    }

    /// <summary>Whether nobody but the target has told of the key.</summary>
    public bool AreOf(in KeyId key) => _keys.ContainsKey(key);

    /// <summary>The key is looked at again, since it stays unequal.</summary>
    public void Again(in KeyId key)
    {
        if (_keys.ContainsKey(key))
        {
            _keys[key] = true;
        }
    }

    /// <summary>The key is equal, or none of the run's.</summary>
    public void Equal(in KeyId key)
    {
        if (_keys.Remove(key, out var again) && again)
        {
            _ = Interlocked.Increment(ref _putRight);
        }
    }

    /// <summary>What was told counts no more.</summary>
    public void Forget() => _keys.Clear();
}
