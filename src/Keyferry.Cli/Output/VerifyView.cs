using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Cli.Output;

/// <summary>How a comparison on its own is shown: progress on standard error, the result on standard output; with <c>--json</c> both are objects on standard output.</summary>
/// <param name="Interval">How often progress is shown.</param>
/// <param name="Progress">Shows how far it is, and for how long it has run.</param>
/// <param name="EndProgress">No more progress will come.</param>
/// <param name="Report">Shows the result.</param>
internal sealed record VerifyView(
    TimeSpan Interval,
    Action<VerifyProgress, TimeSpan> Progress,
    Action EndProgress,
    Action<ComparisonOutcome> Report
)
{
    /// <summary>As objects.</summary>
    public static VerifyView Json(JsonLines lines, TimeSpan interval, bool showKeys) =>
        new(
            interval,
            (now, _) =>
                lines.Write(new JsonVerifyProgress(lines.Now, now.Compared, now.SourceKeys, now.LookedUp, now.TargetKeys, now.Candidates)),
            static () => { },
            outcome => lines.Write(JsonMapping.Of(outcome, showKeys, lines.Now))
        );

    /// <summary>As lines of a log.</summary>
    public static VerifyView Lines(TextWriter output, TextWriter error, TimeSpan interval, TimeProvider time, bool showKeys) =>
        new(
            interval,
            (now, _) => error.WriteLine($"{Quantity.Moment(time.GetUtcNow())} comparing | {string.Join(", ", Facts(now))}"),
            static () => { },
            outcome => output.Write(TextOf(outcome, showKeys))
        );

    /// <summary>As a block that is redrawn on the terminal of standard error; the verdict has a colour where standard output is a terminal, too.</summary>
    public static VerifyView Live(Surroundings surroundings, Terminal terminal, bool showKeys)
    {
        var block = new LiveBlock(surroundings.Error, terminal);
        return new VerifyView(
            LiveView.Redrawn,
            (now, spent) =>
                block.Draw(
                    [],
                    [
                        $"{LiveView.Clock(surroundings.Time.GetUtcNow())}  comparing   running for {Quantity.Duration(spent)}",
                        LiveView.Aligned("verify", Facts(now)),
                    ]
                ),
            () => block.Draw([], []),
            outcome =>
            {
                if (surroundings.Terminal is null)
                {
                    surroundings.Out.Write(TextOf(outcome, showKeys));
                }
                else
                {
                    LiveView.WriteReport(TextOf(outcome, showKeys), outcome.Verdict, surroundings.Out, block);
                }
            }
        );
    }

    /// <summary>The result in plain words.</summary>
    public static string TextOf(ComparisonOutcome outcome, bool showKeys)
    {
        var result = outcome.Result;
        List<string> lines =
        [
            $"{VerdictText.Word(outcome.Verdict)}: {VerdictText.Means(outcome.Verdict, result)}",
            "",
            .. VerdictText.Rows("because", VerdictText.Reasons(result)),
            VerdictText.Row("source", outcome.Source),
            VerdictText.Row("target", outcome.Target),
            .. VerdictText.Rows(result, showKeys),
            VerdictText.Row("took", Quantity.Duration(outcome.Spent)),
        ];
        return string.Concat(lines.Select(line => line + Environment.NewLine));
    }

    private static IReadOnlyList<string> Facts(VerifyProgress now) =>
        [
            Quantity.Percent(now.Compared + now.LookedUp, now.SourceKeys + now.TargetKeys),
            $"{Quantity.Count(now.Compared)} of ~{Quantity.Count(now.SourceKeys)} source keys",
            $"{Quantity.Count(now.LookedUp)} of ~{Quantity.Count(now.TargetKeys)} target keys",
            $"{Quantity.Of(now.Candidates, "candidate")} to look at again",
        ];
}
