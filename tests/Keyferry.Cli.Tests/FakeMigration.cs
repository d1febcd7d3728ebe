using Keyferry.Cli.Control;
using Keyferry.Control;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Tests;

/// <summary>A run that does what the test says, and remembers what it was asked for.</summary>
internal sealed class FakeMigration : IMigration
{
    private IRunObserver? _observer;

    public MigrationOptions? Options { get; private set; }

    public ProgressSnapshot Progress { get; set; } = Examples.Following;

    public MigrationReport Report { get; set; } = Examples.Report(Verdict.Equal);

    public RunControl Control { get; } = new();

    public IControlDesk? Desk { get; set; }

    public Func<FakeMigration, CancellationToken, CancellationToken, Task> Script { get; set; } = static (_, _, _) => Task.CompletedTask;

    public IMigration Create(MigrationOptions options, IRunObserver observer, TimeProvider time)
    {
        (Options, _observer) = (options, observer);
        return this;
    }

    public void Raise(RunEvent happened) => _observer?.On(happened);

    public Task<MigrationPlan> PlanAsync(CancellationToken stop) => Task.FromResult(Examples.Plan());

    public async Task<MigrationReport> RunAsync(CancellationToken finish, CancellationToken abort)
    {
        await Script(this, finish, abort);
        return Report;
    }
}
