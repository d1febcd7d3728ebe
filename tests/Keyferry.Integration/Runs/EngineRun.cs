using Keyferry.Cutover;
using Keyferry.Integration.Faults;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.State;

namespace Keyferry.Integration.Runs;

/// <summary>One migration by the engine itself, in this process, between two endpoints.</summary>
internal sealed class EngineRun : IDisposable
{
    private readonly CancellationTokenSource _finish = new();

    private EngineRun(MigrationOptions options, IDialer? dialer, IHookRunner? hooks, CancellationToken stop)
    {
        dialer ??= new SocketDialer(options.ConnectTimeout, TimeProvider.System);
        var run = new MigrationRun(options, dialer, Store, Log, TimeProvider.System, hooks: hooks);
        Run = run;
        Ended = run.RunAsync(_finish.Token, stop);
    }

    /// <summary>The run.</summary>
    public MigrationRun Run { get; }

    /// <summary>Its end.</summary>
    public Task<MigrationReport> Ended { get; }

    /// <summary>What it has told.</summary>
    public RunLog Log { get; } = new();

    /// <summary>What it has recorded.</summary>
    public MemoryRunStore Store { get; } = new(TimeProvider.System);

    /// <param name="options">What to migrate.</param>
    /// <param name="stop">Aborts it.</param>
    /// <param name="dialer">Opens the connections; without it, plain sockets.</param>
    /// <param name="hooks">Runs the operator's programs; without it there are none.</param>
    public static EngineRun Start(MigrationOptions options, CancellationToken stop, IDialer? dialer = null, IHookRunner? hooks = null) =>
        new(options, dialer, hooks, stop);

    /// <summary>Waits until the run is in <paramref name="phase"/> or a later one.</summary>
    public async Task ReachAsync(Phase phase, CancellationToken stop)
    {
        while (Run.Progress.Phase < phase)
        {
            if (Ended.IsCompleted)
            {
                // Throws where it failed.
                _ = await Ended;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), stop);
        }
    }

    /// <summary>Asks it to end, as the first Ctrl-C does.</summary>
    public Task FinishAsync() => _finish.CancelAsync();

    /// <inheritdoc/>
    public void Dispose()
    {
        _finish.Dispose();
        Store.Dispose();
    }
}
