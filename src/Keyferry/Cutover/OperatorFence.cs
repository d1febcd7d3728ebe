using Keyferry.Model;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Cutover;

/// <summary>The operator stops the writers: a program of his, or he himself. That they have stopped is seen by the source, which counts no writes.</summary>
/// <param name="primaries">Connections to each primary of the source.</param>
/// <param name="operatorActs">Stops (<see langword="true"/>) and starts (<see langword="false"/>) the writers; throws where that failed.</param>
/// <param name="lease">What the run's state must know to start them again, or <see langword="null"/> where only a person can.</param>
/// <param name="store">Where leases are recorded.</param>
/// <param name="run">The run that takes them.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class OperatorFence(
    IReadOnlyList<ServerConnector> primaries,
    Func<bool, CancellationToken, ValueTask> operatorActs,
    FenceLease? lease,
    IRunStore store,
    long run,
    TimeProvider time
) : IFence
{
    /// <summary>How long the source must count no write.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    private readonly QuietWatch _watch = new(primaries);
    private bool _raised;
    private long _lease;

    /// <inheritdoc/>
    public bool HoldsExpiries => false;

    /// <inheritdoc/>
    public ValueTask PrepareAsync(CancellationToken stop) => _watch.PrepareAsync(stop);

    /// <inheritdoc/>
    public async ValueTask RaiseAsync(CancellationToken stop)
    {
        _raised = true;
        if (lease is not null)
        {
            _lease = store.RecordLease(lease.ToRecord(run, primaries[0].Endpoint, "the writers are stopped"));
        }

        await operatorActs(true, stop);
    }

    /// <inheritdoc/>
    public async ValueTask TryAsync(CancellationToken stop)
    {
        await _watch.BeginAsync(stop);
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < Quiet)
        {
            await Task.Delay(Glance, time, stop);
            if (await _watch.LookAsync(stop) is { } written)
            {
                throw new CutoverFailedException($"{written} after the writers were said to have stopped");
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<string?> CheckAsync(CancellationToken stop) => _watch.LookAsync(stop);

    /// <inheritdoc/>
    public async ValueTask LowerAsync(CancellationToken stop)
    {
        await _watch.DisposeAsync();
        if (!_raised)
        {
            return;
        }

        await operatorActs(false, stop);
        _raised = false;
        if (_lease != 0)
        {
            _ = store.Close(_lease, "the writers were started again");
            _lease = 0;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _watch.DisposeAsync();
}
