using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.State;

namespace Keyferry.Migration;

/// <summary>One migration for a program that runs it itself, in place of the command line: the same engine with the same promises.</summary>
/// <remarks>
/// <para><b>Promises.</b> Nothing is copied before the capture is proved to listen; whatever is changed on the source is recorded in the work directory before, and put
/// back on every way out. The report says <see cref="Verdict.Equal"/> only after both sides were compared in both directions while no gap was open.</para>
/// <para><b>Concurrency.</b> An object runs once. <see cref="Progress"/> may be read at any time, from any thread; observers are called on whichever task an event
/// is raised on.</para>
/// </remarks>
public sealed class LiveMigration : IRunObserver
{
    private readonly MigrationOptions _options;
    private readonly IReadOnlyList<IRunObserver> _observers;
    private readonly TimeProvider _time;
    private readonly Channel<RunEvent> _events = Channel.CreateUnbounded<RunEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly long _began;
    private MigrationRun? _run;
    private int _started;

    /// <summary>Prepares a migration; nothing is contacted yet.</summary>
    /// <param name="options">What is to be done.</param>
    /// <param name="observers">Are told what happens, in this order; they must return at once and not throw.</param>
    public LiveMigration(MigrationOptions options, params IReadOnlyList<IRunObserver> observers)
        : this(options, TimeProvider.System, observers) { }

    /// <inheritdoc cref="LiveMigration(MigrationOptions, IReadOnlyList{IRunObserver})"/>
    /// <param name="options">What is to be done.</param>
    /// <param name="time">The clock.</param>
    /// <param name="observers">Are told what happens, in this order; they must return at once and not throw.</param>
    public LiveMigration(MigrationOptions options, TimeProvider time, params IReadOnlyList<IRunObserver> observers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(observers);
        (_options, _time, _observers) = (options, time, observers);
        _began = time.GetTimestamp();
    }

    /// <summary>Where the run is, and what it has counted.</summary>
    public ProgressSnapshot Progress =>
        Volatile.Read(ref _run)?.Progress ?? new ProgressSnapshot { Phase = Phase.Planned, Elapsed = _time.GetElapsedTime(_began) };

    /// <summary>What happens, as it happens, from the first event on; ends with the run. For one reader.</summary>
    /// <param name="stop">Ends the reading, not the run.</param>
    public async IAsyncEnumerable<RunEvent> EventsAsync([EnumeratorCancellation] CancellationToken stop = default)
    {
        await foreach (var happened in _events.Reader.ReadAllAsync(stop))
        {
            yield return happened;
        }
    }

    /// <summary>Runs the migration to its end.</summary>
    /// <param name="finish">Ends it cleanly: what is known is moved, both sides are compared, the source is put back, and the report says the result.</param>
    /// <param name="abort">Ends it at once, still putting the source back.</param>
    /// <returns>How it ended.</returns>
    /// <exception cref="KeyferryException">It was refused, or could not go on.</exception>
    /// <exception cref="InvalidOperationException">It has been run before.</exception>
    public async Task<MigrationReport> RunAsync(CancellationToken finish, CancellationToken abort = default)
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            throw new InvalidOperationException("A migration runs once; make another one.");
        }

        try
        {
            using var directory = WorkDirectory.Open(_options.WorkDirectory, _time);
            using var store = RunStore.Open(directory, _time);
            var run = new MigrationRun(_options, new SocketDialer(_options.ConnectTimeout, _time), store, this, _time);
            Volatile.Write(ref _run, run);
            return await run.RunAsync(finish, abort);
        }
        finally
        {
            _ = _events.Writer.TryComplete();
        }
    }

    /// <inheritdoc/>
    void IRunObserver.On(RunEvent happened)
    {
        foreach (var observer in _observers)
        {
            observer.On(happened);
        }

        _ = _events.Writer.TryWrite(happened);
    }
}
