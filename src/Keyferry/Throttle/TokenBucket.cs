namespace Keyferry.Throttle;

/// <summary>So much a second, with a little saved up. What is taken may be more than there is: the debt is waited for by the next who comes.</summary>
/// <remarks>Not System.Threading.RateLimiting's: that takes its time from the machine and refuses what is larger than the bucket, while the size of a value is known only
/// after it was read. Not thread-safe.</remarks>
internal sealed class TokenBucket
{
    private readonly TimeProvider _time;
    private readonly double _most;
    private readonly double _deepest;
    private double _level;
    private long _at;

    /// <param name="rate">What comes in a second.</param>
    /// <param name="saved">How much may be saved up.</param>
    /// <param name="time">The clock of the run.</param>
    /// <param name="owed">How deep the debt may become; what is beyond is forgiven.</param>
    public TokenBucket(double rate, double saved, TimeProvider time, double owed = double.MaxValue)
    {
        (Rate, _most, _deepest, _time) = (rate, saved, -owed, time);
        (_level, _at) = (saved, time.GetTimestamp());
    }

    /// <summary>What comes in a second.</summary>
    public double Rate { get; }

    /// <summary>What may be taken now without a debt; negative while there is one.</summary>
    public double Level
    {
        get
        {
            var now = _time.GetTimestamp();
            _level = Math.Min(_most, _level + (_time.GetElapsedTime(_at, now).TotalSeconds * Rate));
            _at = now;
            return _level;
        }
    }

    /// <summary>Takes, whether it is there or not.</summary>
    public void Take(double amount) => _level = Math.Max(_deepest, Level - amount);

    /// <summary>How long it takes until there is as much as <paramref name="amount"/>; zero when there is.</summary>
    public TimeSpan DueIn(double amount) =>
        Level is var level && level >= amount ? TimeSpan.Zero : TimeSpan.FromSeconds((amount - level) / Rate);
}
