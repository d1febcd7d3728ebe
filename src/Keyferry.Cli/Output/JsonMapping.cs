using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Verify;

namespace Keyferry.Cli.Output;

/// <summary>From the engine's records to the objects of <c>--json</c>.</summary>
internal static class JsonMapping
{
    /// <summary>An enum's word: lower case, words joined by a hyphen (<c>not-proved</c>).</summary>
    public static string Word<T>(T value)
        where T : struct, Enum =>
        string.Concat(
            value
                .ToString()
                .Select((c, i) => i > 0 && char.IsAsciiLetterUpper(c) ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}")
        );

    public static JsonRecord Of(RunEvent happened)
    {
        var at = JsonLines.Stamp(happened.At);
        return happened switch
        {
            RunEvent.PhaseEntered entered => new JsonPhase(at, Word(entered.Phase), entered.Why),
            RunEvent.GapOpened gap => new JsonGap(at, gap.Id, gap.Reason, gap.Scope),
            RunEvent.GapClosed gap => new JsonGapClosed(at, gap.Id, Seconds(gap.Open)),
            RunEvent.Note note => new JsonNote(at, Word(note.Level), note.Text),
            _ => throw new ArgumentOutOfRangeException(nameof(happened), happened.GetType().Name, "an event without an object"),
        };
    }

    public static JsonProgress Of(ProgressView view, DateTime at) =>
        new(at, Word(view.Now.Phase), DirectionOf(view), CountersOf(view.Now), RatesOf(view), JsonPacing.Of(view.Now.Pace), view.Now.Held);

    public static JsonStatus StatusOf(ProgressView view, MigrationOptions options, int process, DateTime at) =>
        new(at)
        {
            Phase = Word(view.Now.Phase),
            Direction = DirectionOf(view),
            Held = view.Now.Held,
            OpenGap = view.Now.OpenGap,
            Source = options.Source.ToString(),
            Target = options.Target.ToString(),
            ProcessId = process,
            Counters = CountersOf(view.Now),
            Rates = RatesOf(view),
            Pace = JsonPacing.Of(view.Now.Pace),
        };

    public static JsonReport Of(MigrationReport report, bool showKeys, DateTime at) =>
        new(at)
        {
            Verdict = Word(report.Verdict),
            ExitCode = ExitCodes.Of(report.Verdict),
            Reasons = report.Reasons,
            Premises = report.Premises.Count == 0 ? null : report.Premises,
            Run = report.RunName,
            Source = report.Source,
            Target = report.Target,
            Verify = report.Verify is { } verify ? Of(verify, showKeys) : null,
            Counters = CountersOf(report.Progress),
            Phases = [.. report.Phases.Select(phase => new JsonPhaseTime(Word(phase.Phase), Seconds(phase.Spent)))],
            Selection = report.Selection.Length > 0 ? report.Selection : null,
            Leases = report.Leases,
            Cutover = Of(report.Cutover),
            Rollback = Of(report.Cutover?.Back),
            WayBack = WayBackOf(report.Cutover?.MovedBack),
            CameApart = report.CameApart is (var written, var removed) ? new JsonCameApart(written, removed) : null,
            WrittenByType = report.WrittenByType.ToDictionary(
                static pair => KeyTypes.NameOf(pair.Key),
                static pair => pair.Value,
                StringComparer.Ordinal
            ),
            BiggestKeys = [.. report.Moved.Biggest.Select(key => Of(key, showKeys))],
            SlowestKeys = [.. report.Moved.Slowest.Select(key => Of(key, showKeys))],
            LeftOut = [.. report.LeftOut.Select(pair => new JsonUnsupported(pair.Value, pair.Key))],
            Functions = report.Functions,
            NotMoved = report.NotMoved,
            Pace = JsonPacing.Of(report.Progress.Pace),
            SlowDowns = report.SlowDowns.Count == 0 ? null : [.. report.SlowDowns.Select(JsonPacing.Of)],
            Page = report.Page,
        };

    public static JsonReport Of(ComparisonOutcome outcome, bool showKeys, DateTime at) =>
        new(at)
        {
            Verdict = Word(outcome.Verdict),
            ExitCode = ExitCodes.Of(outcome.Verdict),
            Reasons = [.. VerdictText.Reasons(outcome.Result)],
            Source = outcome.Source,
            Target = outcome.Target,
            Verify = Of(outcome.Result, showKeys),
        };

    public static JsonVerify Of(VerifyResult result, bool showKeys) =>
        new()
        {
            Compared = result.Compared,
            LookedUp = result.LookedUp,
            ComparedAgain = result.ComparedAgain,
            ByType = result.ByType,
            DifferenceCount = result.DifferenceCount,
            NotLookedAtAgain = result.NotLookedAtAgain,
            Differences = result.Differences.ToDictionary(pair => Word(pair.Key), pair => pair.Value, StringComparer.Ordinal),
            First = showKeys ? [.. result.First.Select(Of)] : null,
            InFlight = result.InFlight,
            Repaired = result.Repaired,
            PutRight = result.PutRight,
            Unheard = result.Unheard,
            LeftAlone = result.LeftAlone,
            Doubts = result.Doubts,
        };

    public static JsonPlan Of(MigrationPlan plan, DateTime at) =>
        new(at)
        {
            Source = plan.Source,
            Target = plan.Target,
            Databases = plan.Databases,
            Keys = plan.Keys,
            TargetKeys = plan.TargetKeyCount,
            Capture = plan.Capture,
            Reads = plan.Reads.Length > 0 ? plan.Reads : null,
            Clocks = plan.Clocks,
            Selection = plan.Transfer.Scope.Text is { Length: > 0 } selection ? selection : null,
            Steps = [.. plan.Steps.Select(step => new JsonStep(step.Name, step.Does, step.Undo.Length > 0 ? step.Undo : null))],
            Hooks = plan.Hooks,
            Unsupported = [.. plan.Unsupported.Select(group => new JsonUnsupported(group.Keys, group.Reason))],
            NotMoved = plan.NotMoved,
            Warnings = plan.Warnings,
            Refusals = [.. plan.Refusals.Select(refusal => new JsonRefusal(Word(refusal.Kind), refusal.Saw, refusal.Remedy))],
        };

    private static JsonNotableKey Of(NotableKey one, bool showKeys) =>
        new(
            one.Key.Database,
            showKeys ? one.Key.Name.Shown() : null,
            showKeys ? Convert.ToBase64String(one.Key.Name.Span) : null,
            KeyTypes.NameOf(one.Type),
            one.Bytes,
            Seconds(one.Took)
        );

    private static JsonDifference Of(Difference one) =>
        new(one.Key.Database, one.Key.Name.Shown(), Convert.ToBase64String(one.Key.Name.Span), Word(one.Kind), one.Detail);

    private static JsonCounters CountersOf(ProgressSnapshot now) =>
        new()
        {
            ElapsedSeconds = Seconds(now.Elapsed),
            Scanned = now.Scanned,
            ScanTotal = now.ScanTotal,
            CopyDone = now.CopyDone,
            Written = now.Written,
            Deleted = now.Deleted,
            PayloadBytes = now.PayloadBytes,
            Changes = now.Changes,
            ChangesMoved = now.ChangesMoved,
            Waiting = now.Waiting,
            WaitingBytes = now.WaitingBytes,
            LagP50Ms = Math.Round(now.LagP50.TotalMilliseconds, 1),
            LagP99Ms = Math.Round(now.LagP99.TotalMilliseconds, 1),
            OldestWaitingMs = Math.Round(now.OldestWaiting.TotalMilliseconds, 1),
            Verified = now.Verified,
            VerifyTotal = now.VerifyTotal,
            VerifyCandidates = now.VerifyCandidates,
            Gaps = now.Gaps,
            OpenGaps = now.OpenGaps,
            Failed = now.Failed,
        };

    private static JsonCutover? Of(CutoverRecord? done) =>
        done is null
            ? null
            : new JsonCutover(
                JsonLines.Stamp(done.At),
                Math.Round(done.Fenced.TotalMilliseconds, 1),
                done.ProvedBehindFence,
                done.PutRight
            );

    private static JsonWayBack? WayBackOf(MovedBack? back) =>
        back is null
            ? null
            : new JsonWayBack(
                back.Progress.Written,
                back.Progress.Deleted,
                back.Progress.PayloadBytes,
                back.PutRight,
                back.Progress.Gaps,
                back.Progress.Failed
            );

    private static string DirectionOf(ProgressView view) => view.Now.BackSince is null ? "forward" : "back";

    private static JsonRates RatesOf(ProgressView view) =>
        new(
            Math.Round(view.KeysPerSecond, 1),
            Math.Round(view.BytesPerSecond, 1),
            Math.Round(view.ChangesPerSecond, 1),
            Math.Round(view.MovedPerSecond, 1),
            view.CopyLeft is { } left ? Seconds(left) : null
        );

    private static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 3);
}
