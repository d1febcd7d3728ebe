namespace Keyferry.Queue;

/// <summary>Wakes everybody who waits for something to change.</summary>
/// <remarks>
/// To miss nothing: take <see cref="Next"/>, look at the state, and only then wait for what was taken. Any number of waiters and setters; a set that nobody waits
/// for costs one read.
/// </remarks>
internal sealed class Pulse
{
    private TaskCompletionSource? _next;

    /// <summary>Completes at the next <see cref="Set"/> after this call.</summary>
    public Task Next()
    {
        var next = Volatile.Read(ref _next);
        if (next is not null)
        {
            return next.Task;
        }

        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Interlocked.CompareExchange(ref _next, mine, null) ?? mine).Task;
    }

    /// <summary>Wakes everybody who has taken <see cref="Next"/>.</summary>
    public void Set()
    {
        if (Volatile.Read(ref _next) is not null)
        {
            Interlocked.Exchange(ref _next, null)?.TrySetResult();
        }
    }
}
