using Keyferry.Cli.Output;
using Keyferry.Migration;
using Keyferry.Observe;

namespace Keyferry.Cli.Report;

/// <summary>From a run's end and its history to <c>report.json</c>.</summary>
internal static class ReportMapping
{
    /// <summary>The whole file.</summary>
    /// <param name="report">How the run ended.</param>
    /// <param name="history">How it went.</param>
    /// <param name="showKeys">Whether names of keys may stand in it.</param>
    /// <param name="ended">When it ended.</param>
    public static JsonReportFile Of(MigrationReport report, RunHistory history, bool showKeys, DateTimeOffset ended)
    {
        var began = ended - report.Progress.Elapsed;
        return new JsonReportFile
        {
            Keyferry = typeof(ReportMapping).Assembly.GetName().Version?.ToString(3) ?? "",
            Began = JsonLines.Stamp(began),
            Ended = JsonLines.Stamp(ended),
            Means = VerdictText.Means(report.Verdict, report.Verify),
            Report = JsonMapping.Of(report, showKeys, JsonLines.Stamp(ended)),
            History = Of(history.Samples),
            Events = [.. history.Events.Select(one => Of(one, began))],
            EventsLeftOut = history.EventsLeftOut,
            Held = [.. history.Held.Select(static one => new JsonHeld(Seconds(one.From), Seconds(one.Until), one.Why))],
        };
    }

    private static JsonHistory Of(IReadOnlyList<RunSample> samples)
    {
        T[] Column<T>(Func<RunSample, T> value) => [.. samples.Select(value)];
        double[] Rate(Func<RunSample, long> counter) => [.. Rates(samples, counter)];
        return new JsonHistory
        {
            ElapsedSeconds = Column(static sample => Seconds(sample.Elapsed)),
            MovedPerSecond = Rate(static sample => sample.Moved),
            ChangesPerSecond = Rate(static sample => sample.Changes),
            BytesPerSecond = Rate(static sample => sample.Bytes),
            Waiting = Column(static sample => sample.Waiting),
            LagP50Ms = Column(static sample => Milliseconds(sample.LagP50)),
            LagP99Ms = Column(static sample => Milliseconds(sample.LagP99)),
            OldestWaitingMs = Column(static sample => Milliseconds(sample.OldestWaiting)),
            VerifiedPercent = Column<double?>(static sample =>
                sample.VerifyTotal > 0 ? Math.Round(Math.Min(100.0, 100.0 * sample.Verified / sample.VerifyTotal), 1) : null
            ),
        };
    }

    /// <summary>Each way has counters of its own: what is counted since the sample before is counted since the last of the same way.</summary>
    private static IEnumerable<double> Rates(IReadOnlyList<RunSample> samples, Func<RunSample, long> counter)
    {
        var (before, there, back) = (TimeSpan.Zero, 0L, 0L);
        foreach (var now in samples)
        {
            var seconds = (now.Elapsed - before).TotalSeconds;
            var more = counter(now) - (now.IsBack ? back : there);
            yield return seconds > 0 ? Math.Round(Math.Max(0, more / seconds), 1) : 0;
            before = now.Elapsed;
            (there, back) = now.IsBack ? (there, counter(now)) : (counter(now), back);
        }
    }

    private static JsonHappened Of(RunEvent happened, DateTimeOffset began)
    {
        var at = Math.Max(0, Seconds(happened.At - began));
        var text = EventText.Of(happened);
        return happened switch
        {
            RunEvent.PhaseEntered entered => new(at, "phase", text) { Phase = JsonMapping.Word(entered.Phase) },
            RunEvent.GapOpened gap => new(at, "gap", text) { Gap = gap.Id },
            RunEvent.GapClosed gap => new(at, "gap-closed", text) { Gap = gap.Id },
            RunEvent.Note note => new(at, "note", text) { Level = JsonMapping.Word(note.Level) },
            _ => throw new ArgumentOutOfRangeException(nameof(happened), happened.GetType().Name, "an event without an object"),
        };
    }

    private static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 3);

    private static double Milliseconds(TimeSpan span) => Math.Round(span.TotalMilliseconds, 1);
}
