namespace Keyferry.Doctor;

/// <summary>One thing that the doctor has found out.</summary>
/// <param name="Code">A stable name, such as <c>notifications</c>; <c>docs/operate/doctor.md</c> lists them.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="Side">Which server it is about.</param>
/// <param name="Saw">What was seen, one sentence. Holds no secret and no key.</param>
internal sealed record Finding(string Code, FindingLevel Level, FindingSide Side, string Saw)
{
    /// <summary>What that means for a migration, one sentence; empty where nothing follows from it.</summary>
    public string Means { get; init; } = "";

    /// <summary>What to do; empty where nothing has to be done.</summary>
    public string Remedy { get; init; } = "";

    /// <summary>Of a way to a server that ends somewhere: the step that failed, such as <c>TCP</c>; else empty.</summary>
    public string Step { get; init; } = "";
}

/// <summary>How much a finding matters.</summary>
internal enum FindingLevel
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>A migration works, and somebody should know this before.</summary>
    Warning,

    /// <summary>A migration would not start, or could not end well.</summary>
    Blocker,
}

/// <summary>What a finding is about.</summary>
internal enum FindingSide
{
    Source,
    Target,

    /// <summary>The two together.</summary>
    Both,
}

/// <summary>Everything that was found, and what follows from all of it.</summary>
/// <param name="Findings">Source first, then target, then both; in each the graver first.</param>
internal sealed record Diagnosis(IReadOnlyList<Finding> Findings)
{
    /// <summary>Findings in their order.</summary>
    public static Diagnosis Of(IEnumerable<Finding> findings) =>
        new([.. findings.OrderBy(static finding => finding.Side).ThenByDescending(static finding => finding.Level)]);

    /// <summary>The worst of the findings.</summary>
    public FindingLevel Worst => Findings.Select(static finding => finding.Level).DefaultIfEmpty(FindingLevel.Good).Max();

    /// <summary>Findings of a level.</summary>
    public int Count(FindingLevel level) => Findings.Count(finding => finding.Level == level);
}
