using Keyferry.Cli.Control;
using Keyferry.Control;
using Keyferry.Migration;
using Keyferry.Observe;

namespace Keyferry.Cli;

/// <summary>A migration as the command line sees it; the engine's own, or a test's.</summary>
internal interface IMigration
{
    /// <summary>Where the run is; may be asked at any time, from any thread.</summary>
    ProgressSnapshot Progress { get; }

    /// <summary>What may be asked of the run while it goes on.</summary>
    RunControl Control { get; }

    /// <summary>Who answers other terminals, or <see langword="null"/> for nobody; to be set before it runs.</summary>
    IControlDesk? Desk { get; set; }

    /// <summary>Examines both servers without writing to either.</summary>
    Task<MigrationPlan> PlanAsync(CancellationToken stop);

    /// <summary>Runs to the end.</summary>
    /// <param name="finish">End cleanly: drain, verify, put back.</param>
    /// <param name="abort">End at once, still putting back.</param>
    Task<MigrationReport> RunAsync(CancellationToken finish, CancellationToken abort);
}
