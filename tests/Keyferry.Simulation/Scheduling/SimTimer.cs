namespace Keyferry.Simulation.Scheduling;

/// <summary>A timer of <see cref="VirtualTime"/>.</summary>
internal sealed class SimTimer(VirtualTime time, Action work, string name) : ITimer
{
    private TimeSpan _period;
    private bool _disposed;

    /// <summary>For dumps: what will be called.</summary>
    public string Name => name;

    /// <summary>Grows with every change, which makes what was scheduled before stale.</summary>
    internal long Version { get; private set; }

    /// <inheritdoc/>
    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        if (_disposed)
        {
            return false;
        }

        Version++;
        _period = period;
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            time.Schedule(this, dueTime);
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        Version++;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    /// <summary>A readable name of what <paramref name="callback"/> calls.</summary>
    internal static string NameOf(Delegate callback) => $"{callback.Method.DeclaringType?.Name}.{callback.Method.Name}";

    /// <summary>Runs the callback, unless the timer was changed or disposed since it became due.</summary>
    internal void Fire(long version)
    {
        if (version != Version)
        {
            return;
        }

        Version++;
        if (_period > TimeSpan.Zero)
        {
            time.Schedule(this, _period);
        }

        work();
    }
}
