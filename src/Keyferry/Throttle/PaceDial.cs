namespace Keyferry.Throttle;

/// <summary>Where the limits of a run are set and changed while it goes on, by whoever holds it. Thread-safe.</summary>
internal sealed class PaceDial
{
    private PaceLimits _limits = PaceLimits.None;
    private double _floor;

    /// <summary>The limits of this moment.</summary>
    public PaceLimits Limits
    {
        get => Volatile.Read(ref _limits);
        set => Volatile.Write(ref _limits, value);
    }

    /// <summary>The shortest time in which the source has answered so far, on average over a quarter of a second: no budget below it can be kept. Zero before that is known.</summary>
    public TimeSpan Floor
    {
        get => TimeSpan.FromMilliseconds(Volatile.Read(ref _floor));
        set => Volatile.Write(ref _floor, value.TotalMilliseconds);
    }
}
