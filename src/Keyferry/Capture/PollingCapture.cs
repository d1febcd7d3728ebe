using Keyferry.Queue;

namespace Keyferry.Capture;

/// <summary>Hears nothing: every difference is found by another pass over both sides, at the interval or whenever somebody must be sure.</summary>
/// <remarks>For sources that allow neither notifications nor tracking. What it says is always the same: everything may have changed.</remarks>
/// <param name="interval">From the end of one pass to the beginning of the next.</param>
/// <param name="sink">Where the gaps go.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class PollingCapture(TimeSpan interval, IChangeSink sink, TimeProvider time) : ICapture
{
    /// <summary>Why the next pass is due; no fault of anybody's.</summary>
    public const string Reason = "polling: another pass over both sides is due";

    private long _passed = time.GetTimestamp();

    /// <inheritdoc/>
    public string Description => $"polling, a pass over both sides every {interval.TotalSeconds:0.#} s";

    /// <inheritdoc/>
    public bool Listens => false;

    /// <inheritdoc/>
    public long? HeardUpTo => null;

    /// <summary>Asks for a pass when the interval is over.</summary>
    public void AskIfDue()
    {
        if (time.GetElapsedTime(_passed) >= interval)
        {
            sink.MayHaveMissed(Reason);
        }
    }

    /// <summary>Says that a pass has ended.</summary>
    public void Passed() => _passed = time.GetTimestamp();

    /// <inheritdoc/>
    public ValueTask ArmAsync(CancellationToken stop) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }

    /// <inheritdoc/>
    public ValueTask CatchUpAsync(CancellationToken stop)
    {
        sink.MayHaveMissed(Reason);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public Task SeesAsync(byte[] probe, CancellationToken stop) => Task.CompletedTask;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
