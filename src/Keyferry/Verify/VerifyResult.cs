namespace Keyferry.Verify;

/// <summary>What a comparison of both sides, in both directions, has found.</summary>
public sealed record VerifyResult
{
    /// <summary>Keys of the source that were compared.</summary>
    public long Compared { get; init; }

    /// <summary>Keys of the target that were looked up on the source.</summary>
    public long LookedUp { get; init; }

    /// <summary>After a cutover, where the others are the numbers of the last whole walk: keys that were compared again since it began; <see langword="null"/> otherwise.</summary>
    public long? ComparedAgain { get; init; }

    /// <summary>Compared keys by Redis type (<c>string</c>, <c>hash</c>, ...), where the comparison had to ask for it.</summary>
    public IReadOnlyDictionary<string, long> ByType { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>How many stable differences there are of each kind; kinds without any are absent.</summary>
    public IReadOnlyDictionary<DifferenceKind, long> Differences { get; init; } = new Dictionary<DifferenceKind, long>();

    /// <summary>The first of the stable differences, some of each kind.</summary>
    internal IReadOnlyList<Difference> First { get; init; } = [];

    /// <summary>Keys that looked different at first sight and could not all be kept for another look: there may be as many more differences.</summary>
    public long NotLookedAtAgain { get; init; }

    /// <summary>Keys that kept changing while they were compared: neither equal nor different.</summary>
    public long InFlight { get; init; }

    /// <summary>Differences that were mended by another look (in a migration only).</summary>
    public long Repaired { get; init; }

    /// <summary>Keys that somebody else wrote on the target, and that were put right from the source (while both sides are compared beside a run only).</summary>
    public long PutRight { get; init; }

    /// <summary>What others may have done on the target unnoticed since it was compared, in a sentence; <see langword="null"/> where that is not so.</summary>
    public string? Unheard { get; init; }

    /// <summary>Keys of the target that the source does not have and that the run does not own (<c>--target-keys merge</c>): reported, not removed, no difference.</summary>
    public long LeftAlone { get; init; }

    /// <summary>Why equality could not be proved although nothing stable differs, one sentence each; empty when it could.</summary>
    public IReadOnlyList<string> Doubts { get; init; } = [];

    /// <summary>All stable differences.</summary>
    public long DifferenceCount => Differences.Values.Sum();
}
