namespace Keyferry.Doctor;

/// <summary>What follows from a target's answers, beside what a plan of the run says.</summary>
internal static class TargetJudgement
{
    private static readonly Dictionary<string, string> _useful = new(StringComparer.Ordinal)
    {
        ["EVAL"] = "Equal values cannot be recognised by sums made on the server: verify and rescans move them all.",
        ["CLIENT ID"] = "After a lost connection its keys stay suspect until they have been looked at again.",
        ["CLIENT KILL"] = "After a lost connection its keys stay suspect until they have been looked at again.",
        ["CLIENT NO-TOUCH"] = "Looking at keys counts as a use of them on the target.",
        ["TIME"] = "The clocks of both servers cannot be compared.",
    };

    /// <summary>Judges.</summary>
    public static IEnumerable<Finding> Of(ServerAnswers answers) =>
        [.. Judgement.Rights(answers, FindingSide.Target, _useful), .. Clients(answers), .. Persistence(answers)];

    private static IEnumerable<Finding> Clients(ServerAnswers answers)
    {
        var writing = (answers.Clients ?? []).Where(static client => client.Writes).ToList();
        if (writing.Count > 0)
        {
            yield return new(
                "target-writers",
                FindingLevel.Warning,
                FindingSide.Target,
                $"{writing.Count} other clients wrote to the target with their last command, for example {writing[0].Address} ({writing[0].Command})."
            )
            {
                Means = "What somebody else writes to the target during a run is overwritten, removed, or found as a difference.",
                Remedy = "Keep everybody else from the target until the switch.",
            };
        }
    }

    private static IEnumerable<Finding> Persistence(ServerAnswers answers)
    {
        if (answers.Identity.Fields.GetValueOrDefault("rdb_last_bgsave_status") == "err")
        {
            yield return new(
                "target-saves",
                FindingLevel.Blocker,
                FindingSide.Target,
                "The target could not save to its disk the last time."
            )
            {
                Means = "With stop-writes-on-bgsave-error it refuses every write.",
                Remedy = "Look at its log, and give it disk space.",
            };
        }
    }
}
