using Keyferry.Migration;
using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>For programs: everything as JSON objects, one a line.</summary>
internal sealed class JsonView(JsonLines lines, TimeSpan interval, bool showKeys) : IRunView
{
    /// <inheritdoc/>
    public TimeSpan Interval => interval;

    /// <inheritdoc/>
    public void Show(IReadOnlyList<RunEvent> happened)
    {
        foreach (var one in happened)
        {
            lines.Write(JsonMapping.Of(one));
        }
    }

    /// <inheritdoc/>
    public void Show(ProgressView progress) => lines.Write(JsonMapping.Of(progress, lines.Now));

    /// <inheritdoc/>
    public void EndProgress() { }

    /// <inheritdoc/>
    public void Show(MigrationReport report) => lines.Write(JsonMapping.Of(report, showKeys, lines.Now));

    /// <inheritdoc/>
    public void Show(MigrationPlan plan) => lines.Write(JsonMapping.Of(plan, lines.Now));
}
