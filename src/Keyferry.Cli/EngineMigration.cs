using Keyferry.Cli.Control;
using Keyferry.Control;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.State;

namespace Keyferry.Cli;

/// <summary>Migrates with the engine, over real sockets, with its state in the work directory.</summary>
internal sealed class EngineMigration(MigrationOptions options, IRunObserver observer, TimeProvider time) : IMigration
{
    private readonly long _began = time.GetTimestamp();
    private MigrationRun? _run;

    /// <inheritdoc/>
    public ProgressSnapshot Progress =>
        Volatile.Read(ref _run)?.Progress ?? new ProgressSnapshot { Phase = Phase.Planned, Elapsed = time.GetElapsedTime(_began) };

    /// <inheritdoc/>
    public RunControl Control { get; } = new();

    /// <inheritdoc/>
    public IControlDesk? Desk { get; set; }

    /// <inheritdoc/>
    public async Task<MigrationPlan> PlanAsync(CancellationToken stop)
    {
        if (options.Resume)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "A dry run examines a new run; --dry-run and --resume do not go together.",
                "Leave one of them out."
            );
        }

        // A dry run leaves no trace, in the work directory neither.
        using var store = new MemoryRunStore(time);
        return await Run(store).PlanAsync(stop);
    }

    /// <inheritdoc/>
    public async Task<MigrationReport> RunAsync(CancellationToken finish, CancellationToken abort)
    {
        using var directory = WorkDirectory.Open(options.WorkDirectory, time);
        using var store = RunStore.Open(directory, time);
        await using var socket = Desk is { } desk ? ControlSocket.TryOpen(directory.Path, desk, time, Warn) : null;
        var run = Run(store);
        Volatile.Write(ref _run, run);
        return await run.RunAsync(finish, abort);
    }

    private MigrationRun Run(IRunStore store) =>
        new(options, new SocketDialer(options.ConnectTimeout, time), store, observer, time, Control, new ProgramHooks(time));

    private void Warn(string text) => observer.On(new RunEvent.Note(time.GetUtcNow(), NoteLevel.Warning, text));
}
