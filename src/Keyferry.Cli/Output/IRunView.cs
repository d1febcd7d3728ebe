using Keyferry.Migration;
using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>One way to show a run. Called from one loop, never by two at once.</summary>
internal interface IRunView
{
    /// <summary>How often progress is shown.</summary>
    TimeSpan Interval { get; }

    /// <summary>Shows what happened since the last call, oldest first.</summary>
    void Show(IReadOnlyList<RunEvent> happened);

    /// <summary>Shows where the run is.</summary>
    void Show(ProgressView progress);

    /// <summary>No more progress will come; the report may follow.</summary>
    void EndProgress();

    /// <summary>Shows how the run ended.</summary>
    void Show(MigrationReport report);

    /// <summary>Shows what a run would do.</summary>
    void Show(MigrationPlan plan);
}
