using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>What a look at a run says, as rows of facts. The live block aligns them, the log line joins them.</summary>
/// <param name="Label">What the row is about.</param>
/// <param name="Facts">In words and numbers.</param>
internal sealed record StatusRow(string Label, IReadOnlyList<string> Facts)
{
    /// <summary>The label of the first pass's row.</summary>
    public const string Copy = "copy";

    /// <summary>The phase in words.</summary>
    public static string PhaseWord(Phase phase) =>
        phase == Phase.OwnershipUnknown ? "ownership unknown" : phase.ToString().ToLowerInvariant();

    /// <summary>The phase in words, and which way keys are moved where that is not the run's own way.</summary>
    public static string Where(ProgressView view) =>
        PhaseWord(view.Now.Phase)
        + (view.Now is not { BackSince: not null, Phase: Phase.Reversible } ? "" : $" (moving back, from {view.From} to {view.To})");

    /// <summary>All rows that have something to say.</summary>
    public static IReadOnlyList<StatusRow> Of(ProgressView view)
    {
        var now = view.Now;
        var rows = new List<StatusRow>();
        if (now.Phase == Phase.Planned)
        {
            // Both servers are being examined; there is nothing to count yet.
            return rows;
        }

        if (view.Copies)
        {
            rows.Add(CopyOf(view));
        }

        if (view.Follows)
        {
            rows.Add(ChangesOf(view));
            rows.Add(LagOf(now));
        }

        if (now.VerifyTotal > 0)
        {
            rows.Add(VerifyOf(now));
        }

        if (now.Pace is { } pace)
        {
            rows.Add(PaceOf(pace));
        }

        if (view.Follows || now.Gaps > 0)
        {
            var noticed = Gaps(now.Gaps, now.OpenGaps);
            rows.Add(new StatusRow("gaps", now.OpenGap is { } why ? [$"{noticed}: {why}"] : [noticed]));
        }

        if (now.Failed > 0)
        {
            rows.Add(new StatusRow("refused", [$"{Quantity.Of(now.Failed, "key")} that the target would not take"]));
        }

        return rows;
    }

    /// <summary>Gaps in words.</summary>
    public static string Gaps(int noticed, int open) =>
        (noticed, open) switch
        {
            (0, _) => "none",
            (_, 0) => $"{Quantity.Count(noticed)} noticed, all closed",
            _ => $"{Quantity.Count(noticed)} noticed, {Quantity.Count(open)} open",
        };

    private static StatusRow CopyOf(ProgressView view)
    {
        var now = view.Now;
        var facts = new List<string>
        {
            now.CopyDone ? "100 %" : Quantity.Percent(Math.Min(now.Scanned, now.ScanTotal - 1), now.ScanTotal),
            $"{Quantity.Count(now.Scanned)} of ~{Quantity.Count(now.ScanTotal)} keys",
            Quantity.Bytes(now.PayloadBytes),
        };
        if (!now.CopyDone && view.KeysPerSecond > 0)
        {
            facts.Add(Quantity.Rate(view.KeysPerSecond, " keys"));
            if (view.CopyLeft is { } left)
            {
                facts.Add($"about {Quantity.Duration(left)} left");
            }
        }

        return new StatusRow(Copy, facts);
    }

    private static StatusRow ChangesOf(ProgressView view) =>
        new(
            "changes",
            [
                $"{Quantity.Rate(view.ChangesPerSecond)} in",
                $"{Quantity.Rate(view.MovedPerSecond)} moved",
                $"{Quantity.Count(view.Now.Waiting)} waiting{OfBudget(view)}",
            ]
        );

    private static StatusRow LagOf(ProgressSnapshot now) =>
        new(
            "lag",
            [
                $"p50 {Measured(now, now.LagP50)}",
                $"p99 {Measured(now, now.LagP99)}",
                $"oldest waiting {Quantity.Duration(now.OldestWaiting)}",
            ]
        );

    /// <summary>A lag of which nothing was measured is not one of 0 ms.</summary>
    private static string Measured(ProgressSnapshot now, TimeSpan lag) =>
        now.ChangesMoved == 0 && lag == TimeSpan.Zero ? "–" : Quantity.Duration(lag);

    private static StatusRow VerifyOf(ProgressSnapshot now) =>
        new(
            "verify",
            [
                Quantity.Percent(now.Verified, now.VerifyTotal),
                $"{Quantity.Count(now.Verified)} of ~{Quantity.Count(now.VerifyTotal)} keys",
                $"{Quantity.Of(now.VerifyCandidates, "candidate")} looked at again",
            ]
        );

    private static StatusRow PaceOf(PaceSnapshot pace)
    {
        var facts = new List<string> { pace.Limits };
        if (pace.SourceLatency is { } latency)
        {
            facts.Add($"the source takes {latency.TotalMilliseconds:0.0#} ms");
        }

        if (pace.AllowedKeysPerSecond is { } rate)
        {
            facts.Add($"slowed to {Quantity.Rate(rate, " keys")}");
        }
        else if (pace.LatencyBudget is not null)
        {
            facts.Add("not slowed");
        }

        return new StatusRow("pace", facts);
    }

    private static string OfBudget(ProgressView view)
    {
        if (view.DirtyBudget <= 0 || view.Now.Waiting == 0)
        {
            return "";
        }

        var percent = view.Now.WaitingBytes * 100.0 / view.DirtyBudget;
        return percent < 0.1 ? " (below 0.1 % of budget)" : $" ({percent:0.#} % of budget)";
    }
}
