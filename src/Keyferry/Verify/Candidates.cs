using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Keyferry.Model;

namespace Keyferry.Verify;

/// <summary>Keys that looked different and wait to be looked at again; bounded in number and in bytes.</summary>
internal sealed class Candidates(int limit, long byteLimit)
{
    private readonly Dictionary<KeyId, Observation> _seen = [];
    private long _bytes;

    /// <summary>How many there are.</summary>
    public int Count => _seen.Count;

    /// <summary>How many were turned away because there were too many.</summary>
    public long Overflow { get; private set; }

    /// <summary>The keys.</summary>
    public IReadOnlyCollection<KeyId> Keys => _seen.Keys;

    /// <summary>What was seen of a key last.</summary>
    public Observation this[in KeyId key]
    {
        get => _seen[key];
        set => _seen[key] = value;
    }

    /// <summary>Adds a key, or notes what was seen of it now.</summary>
    public void Add(in KeyId key, Observation seen)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrNullRef(_seen, key);
        if (!Unsafe.IsNullRef(ref known))
        {
            known = seen;
        }
        else if (_seen.Count < limit && _bytes + key.Name.Span.Length <= byteLimit)
        {
            _seen.Add(key, seen);
            _bytes += key.Name.Span.Length;
        }
        else
        {
            Overflow++;
        }
    }

    /// <summary>Forgets a key.</summary>
    public void Remove(in KeyId key)
    {
        if (_seen.Remove(key))
        {
            _bytes -= key.Name.Span.Length;
        }
    }
}
