namespace Keyferry.Queue;

/// <summary>Wakes everybody who waits for something to change.</summary>
/// <remarks>
/// To miss nothing: take <see cref="Next"/>, look at the state, and only then wait for what was taken. Any number of waiters and setters; a set that nobody waits
/// for costs one read.
/// </remarks>
internal sealed class Pulse
{
    private Beat? _next;

    /// <summary>Completes at the next <see cref="Set"/> after this call.</summary>
    public Task Next()
    {
        var next = Volatile.Read(ref _next);
        if (next is not null)
        {
            return next.Task;
        }

        var mine = new Beat();
        return (Interlocked.CompareExchange(ref _next, mine, null) ?? mine).Task;
    }

    /// <summary>Wakes everybody who has taken <see cref="Next"/>.</summary>
    public void Set()
    {
        if (Volatile.Read(ref _next) is not null)
        {
            Interlocked.Exchange(ref _next, null)?.Set();
        }
    }

    /// <summary>One wait, shared by all who wait for it.</summary>
    /// <remarks>
    /// Whoever sets must not run the waiters. What is handed out, though, is a method's task and not the source's own: combined with others (WhenAny, WaitAsync) the
    /// latter would always continue on the thread pool, away from the scheduler of a simulation.
    /// </remarks>
    private sealed class Beat
    {
        private readonly TaskCompletionSource _set = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Beat() => Task = RelayAsync(_set.Task);

        public Task Task { get; }

        public void Set() => _set.TrySetResult();

        private static async Task RelayAsync(Task set) => await set;
    }
}
