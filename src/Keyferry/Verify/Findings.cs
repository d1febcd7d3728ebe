using Keyferry.Model;

namespace Keyferry.Verify;

/// <summary>Collects what a comparison finds.</summary>
internal sealed class Findings(int keepFirst, Func<KeyId, bool>? isLeftOut = null)
{
    private readonly Dictionary<string, long> _types = new(StringComparer.Ordinal);
    private readonly SortedDictionary<DifferenceKind, long> _differences = [];
    private readonly SortedDictionary<string, long> _incomparable = new(StringComparer.Ordinal);
    private readonly List<Difference> _first = [];
    private readonly SortedSet<string> _doubts = new(StringComparer.Ordinal);

    /// <summary>Keys that kept changing.</summary>
    public long InFlight { get; set; }

    /// <summary>Differences that another look has mended.</summary>
    public long Repaired { get; set; }

    /// <summary>Surplus keys that the run does not own.</summary>
    public long LeftAlone { get; set; }

    /// <summary>Counts a key whose type had to be asked for.</summary>
    public void SawType(string type) => _types[type] = _types.GetValueOrDefault(type) + 1;

    /// <summary>Notes a reason why equality cannot be proved, once.</summary>
    public void Doubt(string why) => _ = _doubts.Add(why);

    /// <summary>Notes a key that differs for good.</summary>
    public void Stable(in KeyId key, Observation seen)
    {
        if (seen.Incomparable is { } type)
        {
            _incomparable[type] = _incomparable.GetValueOrDefault(type) + 1;
            return;
        }

        if (seen.Kind == DifferenceKind.Missing && isLeftOut?.Invoke(key) == true)
        {
            return;
        }

        var count = _differences.GetValueOrDefault(seen.Kind);
        _differences[seen.Kind] = count + 1;
        if (count < keepFirst)
        {
            _first.Add(new Difference(key, seen.Kind, seen.Detail));
        }
    }

    /// <summary>The result.</summary>
    /// <param name="compared">Keys of the source that were compared.</param>
    /// <param name="lookedUp">Keys of the target that were looked up.</param>
    /// <param name="overflow">Keys that looked different and were not looked at again.</param>
    public VerifyResult Result(long compared, long lookedUp, long overflow)
    {
        var doubts = _doubts.ToList();
        doubts.AddRange(_incomparable.Select(static pair => $"Keyferry cannot compare {pair.Value:#,0} keys of type {pair.Key}."));
        if (overflow > 0)
        {
            doubts.Add($"{overflow:#,0} more keys looked different than could be looked at again.");
        }

        return new VerifyResult
        {
            Compared = compared,
            LookedUp = lookedUp,
            ByType = _types,
            Differences = _differences,
            First = [.. _first.OrderBy(static difference => difference.Kind)],
            NotLookedAtAgain = overflow,
            InFlight = InFlight,
            Repaired = Repaired,
            LeftAlone = LeftAlone,
            Doubts = doubts,
        };
    }
}
