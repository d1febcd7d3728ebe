namespace Keyferry.Simulation.Scheduling;

/// <summary>The simulation's clock and timers. It stands still while anything can run, and then jumps to the next timer.</summary>
/// <param name="enqueue">Makes a callback ready to run.</param>
internal sealed class VirtualTime(Action<Action, string> enqueue) : TimeProvider
{
    private static readonly DateTimeOffset Epoch = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<(SimTimer Timer, long Version), (long Due, long Order)> _timers = new();
    private long _order;

    /// <summary>Virtual time since the start.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Now);

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    private long Now { get; set; }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Epoch.AddTicks(Now);

    /// <inheritdoc/>
    public override long GetTimestamp() => Now;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimTimer(this, () => callback(state), SimTimer.NameOf(callback));
        _ = timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Runs <paramref name="work"/> once, after <paramref name="delay"/>.</summary>
    public SimTimer After(TimeSpan delay, Action work, string name)
    {
        var timer = new SimTimer(this, work, name);
        _ = timer.Change(delay < TimeSpan.Zero ? TimeSpan.Zero : delay, Timeout.InfiniteTimeSpan);
        return timer;
    }

    /// <summary>Jumps to the next timer and makes all that are due then ready.</summary>
    /// <returns>False when there is no timer.</returns>
    public bool Advance()
    {
        if (!DropStale())
        {
            return false;
        }

        _ = _timers.TryPeek(out _, out var next);
        Now = Math.Max(Now, next.Due);
        while (DropStale() && _timers.TryPeek(out _, out var first) && first.Due <= Now)
        {
            var (timer, version) = _timers.Dequeue();
            enqueue(() => timer.Fire(version), timer.Name);
        }

        return true;
    }

    /// <summary>One line for each timer that is set, the next first.</summary>
    public IEnumerable<string> Describe() =>
        _timers
            .UnorderedItems.Where(item => item.Element.Timer.Version == item.Element.Version)
            .OrderBy(item => item.Priority)
            .Take(40)
            .Select(item => $"timer {item.Element.Timer.Name} in {TimeSpan.FromTicks(item.Priority.Due - Now).TotalMilliseconds:0.###} ms");

    /// <summary>Sets <paramref name="timer"/>, replacing what it was set to.</summary>
    internal void Schedule(SimTimer timer, TimeSpan delay) =>
        _timers.Enqueue((timer, timer.Version), (Now + Math.Max(0, delay.Ticks), ++_order));

    private bool DropStale()
    {
        while (_timers.TryPeek(out var first, out _))
        {
            if (first.Timer.Version == first.Version)
            {
                return true;
            }

            _ = _timers.Dequeue();
        }

        return false;
    }
}
