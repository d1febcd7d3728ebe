using Keyferry.Migration;
using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>How a run ended, in plain words: the verdict first, then what it rests on.</summary>
internal static class ReportText
{
    /// <summary>The whole report; keys are in it only with <paramref name="showKeys"/>.</summary>
    public static string Of(MigrationReport report, bool showKeys)
    {
        var lines = new List<string> { $"{VerdictText.Word(report.Verdict)}: {VerdictText.Means(report.Verdict, report.Verify)}", "" };
        lines.AddRange(VerdictText.Rows("because", report.Reasons));
        lines.AddRange(VerdictText.Rows("provided", report.Premises.Select(static premise => $"that {premise}")));
        lines.Add(VerdictText.Row("source", report.Source));
        lines.Add(VerdictText.Row("target", report.Target));
        if (report.Selection.Length > 0)
        {
            lines.Add(VerdictText.Row("only", report.Selection));
        }

        if (report.Verify is null)
        {
            lines.Add(VerdictText.Row("compared", "nothing"));
        }
        else
        {
            lines.AddRange(VerdictText.Rows(report.Verify, showKeys));
        }

        lines.AddRange(Counters(report));
        lines.AddRange(VerdictText.Rows("left out", report.LeftOut.Select(static pair => $"{Quantity.Of(pair.Value, "key")}: {pair.Key}")));
        lines.AddRange(
            VerdictText.Rows("", report.FirstLeftOut.Where(_ => showKeys).Select(static key => $"db {key.Database} {key.Name.Shown()}"))
        );
        lines.AddRange(VerdictText.Rows("functions", report.Functions is { } functions ? [functions] : []));
        lines.AddRange(VerdictText.Rows("stays behind", report.NotMoved));
        lines.AddRange(VerdictText.Rows("slowed", SlowDowns(report)));
        lines.AddRange(VerdictText.Rows("cutover", CutoverRows(report)));
        lines.AddRange(VerdictText.Rows("moved back", WayBackRows(report)));
        lines.AddRange(VerdictText.Rows("came apart", CameApartRows(report)));
        lines.AddRange(VerdictText.Rows("put back", report.Leases));
        if (report.Phases.Count > 0)
        {
            var phases = report.Phases.Select(phase => $"{StatusRow.PhaseWord(phase.Phase)} {Quantity.Duration(phase.Spent)}");
            lines.Add(VerdictText.Row("phases", string.Join(", ", phases)));
        }

        if (report.Page is { } page)
        {
            lines.Add(VerdictText.Row("report", page));
        }

        lines.Add(VerdictText.Row("run", $"{report.RunName}, {Quantity.Duration(report.Progress.Elapsed)} in all"));
        return string.Concat(lines.Select(line => line + Environment.NewLine));
    }

    private static IEnumerable<string> CutoverRows(MigrationReport report)
    {
        foreach (var (one, where) in new[] { (report.Cutover, report.Target), (report.Cutover?.Back, report.Source) })
        {
            if (one is not null)
            {
                yield return $"{Quantity.Moment(one.At)} to {where}; writes waited for {Quantity.Duration(one.Fenced)}, {Quantity.Of(one.ProvedBehindFence, "key")} compared meanwhile";
            }
        }
    }

    private static IEnumerable<string> WayBackRows(MigrationReport report)
    {
        if (report.Cutover?.MovedBack is not { } back)
        {
            yield break;
        }

        yield return $"{Moved(back.Progress)}, from {report.Target} to {report.Source}";
        if (back.PutRight > 0)
        {
            yield return $"{Quantity.Of(back.PutRight, "key")} that somebody else wrote on {report.Source} after the switch were overwritten or removed";
        }

        if (back.Progress.Gaps > 0)
        {
            yield return $"gaps: {StatusRow.Gaps(back.Progress.Gaps, back.Progress.OpenGaps)}";
        }
    }

    private static IEnumerable<string> CameApartRows(MigrationReport report) =>
        report.CameApart is (var written, var removed) && written + removed > 0
            ?
            [
                $"while Keyferry was not running; {Quantity.Of(written, "key")} written anew on {report.Target}, and {Quantity.Of(removed, "key")} removed there: what clients wrote there meanwhile is among them",
            ]
            : [];

    private static string Moved(ProgressSnapshot progress) =>
        $"{Quantity.Count(progress.Written)} written, {Quantity.Count(progress.Deleted)} deleted, {Quantity.Bytes(progress.PayloadBytes)} of values";

    /// <summary>The first few; all that are kept stand in <c>report.json</c>.</summary>
    private static IEnumerable<string> SlowDowns(MigrationReport report)
    {
        const int most = 5;
        if (report.Progress.Pace is not { SlowDowns: > 0 } pace)
        {
            return [];
        }

        var all = $"{Quantity.Of(pace.SlowDowns, "time")} for the source's sake, {Quantity.Duration(pace.Slowed)} in all";
        return report.SlowDowns.Take(most).Select(static one => one.Words).Prepend(all);
    }

    private static IEnumerable<string> Counters(MigrationReport report)
    {
        var progress = report.Progress;
        yield return VerdictText.Row("moved", Moved(progress));
        if (progress.Scanned > 0)
        {
            yield return VerdictText.Row("scanned", Quantity.Of(progress.Scanned, "key"));
        }

        if (progress.Changes > 0)
        {
            yield return VerdictText.Row(
                "changes",
                $"{Quantity.Count(progress.Changes)} heard of, {Quantity.Of(progress.ChangesMoved, "look")} at changed keys reached the target"
            );
        }

        if (progress.Failed > 0)
        {
            yield return VerdictText.Row("refused", $"{Quantity.Of(progress.Failed, "key")} that the target would not take");
        }

        if (progress.Waiting > 0)
        {
            yield return VerdictText.Row(
                "not moved",
                report.Cutover is null
                    ? $"{Quantity.Of(progress.Waiting, "changed key")} still waited at the end: the source was being written to until then"
                    : $"{Quantity.Of(progress.Waiting, "key")} changed or expired on the source while the clients were being switched, or after: not looked at any more"
            );
        }

        yield return VerdictText.Row("gaps", StatusRow.Gaps(progress.Gaps, progress.OpenGaps));
    }
}
