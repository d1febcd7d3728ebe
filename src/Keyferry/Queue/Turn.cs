namespace Keyferry.Queue;

/// <summary>Lets one caller at a time in. Thread-safe.</summary>
/// <remarks>A <see cref="SemaphoreSlim"/> whose wait can be cancelled continues on the thread pool, away from the scheduler of a simulation.</remarks>
internal sealed class Turn
{
    private readonly Pulse _left = new();
    private int _taken;

    /// <summary>Returns once nobody else is in; <see cref="Leave"/> must follow.</summary>
    public async ValueTask EnterAsync(CancellationToken stop)
    {
        while (true)
        {
            var left = _left.Next();
            if (Interlocked.Exchange(ref _taken, 1) == 0)
            {
                return;
            }

            await left.WaitAsync(stop);
        }
    }

    /// <summary>Lets the next one in.</summary>
    public void Leave()
    {
        Volatile.Write(ref _taken, 0);
        _left.Set();
    }
}
