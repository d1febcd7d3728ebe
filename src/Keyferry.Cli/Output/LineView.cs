using Keyferry.Migration;
using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>For logs: one line per event and per interval, with UTC time, without any control sequences.</summary>
internal sealed class LineView(TextWriter output, TimeSpan interval, TimeProvider time, bool showKeys) : IRunView
{
    /// <inheritdoc/>
    public TimeSpan Interval => interval;

    /// <inheritdoc/>
    public void Show(IReadOnlyList<RunEvent> happened)
    {
        foreach (var one in happened)
        {
            output.WriteLine($"{Quantity.Moment(one.At)} {EventText.Of(one)}");
        }
    }

    /// <inheritdoc/>
    public void Show(ProgressView progress) => output.WriteLine(LineOf(progress, time.GetUtcNow()));

    /// <inheritdoc/>
    public void EndProgress() { }

    /// <inheritdoc/>
    public void Show(MigrationReport report) => output.Write(ReportText.Of(report, showKeys));

    /// <inheritdoc/>
    public void Show(MigrationPlan plan) => output.Write(PlanText.Of(plan, showKeys));

    /// <summary>The whole status in one line.</summary>
    public static string LineOf(ProgressView view, DateTimeOffset at)
    {
        var held = view.Now.Held is { } reason ? [$"held: {reason}"] : Array.Empty<string>();
        var rows = StatusRow.Of(view).Select(row => $"{row.Label} {string.Join(", ", row.Facts)}");
        return $"{Quantity.Moment(at)} {string.Join(" | ", [StatusRow.Where(view), .. held, .. rows])}";
    }
}
