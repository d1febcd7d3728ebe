namespace Keyferry.Integration.Costs;

/// <summary>What a stretch of work has used up so far: counts that do not depend on how fast the machine is.</summary>
/// <param name="Allocated">Bytes allocated on the managed heap by this process.</param>
/// <param name="SourceCommands">Commands that the source has run, those within scripts included.</param>
/// <param name="TargetCommands">The same of the target.</param>
/// <param name="SourceBytes">Bytes to and from the source on the engine's own connections.</param>
/// <param name="TargetBytes">The same of the target.</param>
/// <param name="Sends">Times that the engine handed bytes to a connection.</param>
/// <param name="Receives">Times that it asked a connection for bytes.</param>
internal sealed record Tally(
    double Allocated,
    double SourceCommands,
    double TargetCommands,
    double SourceBytes,
    double TargetBytes,
    double Sends,
    double Receives
)
{
    public static Tally operator -(Tally left, Tally right) =>
        new(
            left.Allocated - right.Allocated,
            left.SourceCommands - right.SourceCommands,
            left.TargetCommands - right.TargetCommands,
            left.SourceBytes - right.SourceBytes,
            left.TargetBytes - right.TargetBytes,
            left.Sends - right.Sends,
            left.Receives - right.Receives
        );

    /// <summary>Each figure per key, by the name that it has in the budget file.</summary>
    public SortedDictionary<string, double> PerKey(double keys) =>
        new(StringComparer.Ordinal)
        {
            ["allocated bytes"] = Rounded(Allocated / keys),
            ["commands on the source"] = Rounded(SourceCommands / keys),
            ["commands on the target"] = Rounded(TargetCommands / keys),
            ["bytes to and from the source"] = Rounded(SourceBytes / keys),
            ["bytes to and from the target"] = Rounded(TargetBytes / keys),
            ["sends"] = Rounded(Sends / keys),
            ["receives"] = Rounded(Receives / keys),
        };

    private static double Rounded(double figure) => Math.Round(figure, 4);
}
