namespace Keyferry.Throttle;

/// <summary>How fast the source may be read at this moment: everything that reads keys there asks here first, and says what it took.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Before the lanes take keys, and before a scan or a comparison asks for its next page.</para>
/// <para><b>Promises.</b> Over any few seconds not more is read than the limits of the dial allow, but for what was under way. Changes come first: what they take is not there for
/// the copy. The latency budget holds up copy, rescans and comparisons only; a change waits for a limit on keys or bytes, never for that.</para>
/// <para><b>Concurrency.</b> Anybody, at any time. Without limits a call costs two reads.</para>
/// </remarks>
internal sealed class SourcePace(PaceDial dial, TimeProvider time)
{
    /// <summary>Bytes of a value that burden the source about as much as a key does.</summary>
    public const double BytesPerKey = 8192;

    /// <summary>Seconds of a limit that may be saved up.</summary>
    private const double Saved = 0.1;

    /// <summary>Seconds of the adaptive rate that may be saved up: what is read at once is what others wait for.</summary>
    private const double SavedAdaptive = 0.005;

    private const double LeastSaved = 8;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private PaceLimits _known = PaceLimits.None;
    private TokenBucket? _keys;
    private TokenBucket? _bytes;
    private TokenBucket? _adaptive;
    private double _taken;
    private long _changesHeld;
    private int _suspended;
    private double _rate;

    /// <summary>The limits of this moment.</summary>
    public PaceLimits Limits => dial.Limits;

    /// <summary>The rate that the latency budget allows now, in keys a second; <see langword="null"/> while it allows any.</summary>
    public double? AdaptiveRate => Volatile.Read(ref _rate) is > 0 and var rate ? rate : null;

    /// <summary>How often changes had to wait for a limit so far.</summary>
    public long ChangesHeld => Interlocked.Read(ref _changesHeld);

    /// <summary>Whether there is no limit at all.</summary>
    public bool IsFree => Volatile.Read(ref _suspended) > 0 || (dial.Limits is var limits && !limits.IsHard && limits.Latency is null);

    /// <summary>Sets the limits aside, and in force again: behind a fence nobody writes, and everybody waits for it to be lifted.</summary>
    public void Suspend(bool on) => _ = on ? Interlocked.Increment(ref _suspended) : Interlocked.Decrement(ref _suspended);

    /// <summary>How many changed keys may be taken now, up to <paramref name="most"/>.</summary>
    /// <param name="most">What is wanted.</param>
    /// <param name="averageBytes">How large such values are, as far as is known.</param>
    public int MostChanged(int most, double averageBytes)
    {
        if (IsFree)
        {
            return most;
        }

        lock (_lock)
        {
            var allowed = Hard(most, averageBytes);
            _changesHeld += allowed == 0 ? 1 : 0;
            return allowed;
        }
    }

    /// <summary>How many keys of a pass over the source may be taken now, up to <paramref name="most"/>.</summary>
    public int MostOffered(int most, double averageBytes)
    {
        if (IsFree)
        {
            return most;
        }

        lock (_lock)
        {
            var allowed = Hard(most, averageBytes);
            return _adaptive is null ? allowed : Math.Min(allowed, Whole(_adaptive.Level / (1 + (averageBytes / BytesPerKey))));
        }
    }

    /// <summary>Keys were read, or will be at once.</summary>
    public void Took(int keys)
    {
        if (IsFree)
        {
            return;
        }

        lock (_lock)
        {
            Refresh();
            _taken += keys;
            _keys?.Take(keys);
            _adaptive?.Take(keys);
        }
    }

    /// <summary>Values were read.</summary>
    public void Received(long bytes)
    {
        if (IsFree || bytes == 0)
        {
            return;
        }

        lock (_lock)
        {
            Refresh();
            _taken += bytes / BytesPerKey;
            _bytes?.Take(bytes);
            _adaptive?.Take(bytes / BytesPerKey);
        }
    }

    /// <summary>Waits until a page of a comparison may be asked for.</summary>
    public async ValueTask PageAsync(int keys, CancellationToken stop)
    {
        await PassAsync(isChange: false, stop);
        Took(keys);
    }

    /// <summary>Waits until more may be read.</summary>
    /// <param name="isChange">Whether a change leads to it, which waits for the limits alone.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask PassAsync(bool isChange, CancellationToken stop)
    {
        while (DueIn(isChange) is { Ticks: > 0 } due)
        {
            await Task.Delay(due, time, stop);
        }
    }

    /// <summary>Waits for a moment: until more may be taken, but not for so long that a change which comes meanwhile would feel it.</summary>
    public Task PauseAsync(CancellationToken stop) => Task.Delay(Shorter(DueIn(isChange: false), LongestPause), time, stop);

    /// <summary>Sets the adaptive rate; <see langword="null"/> for none.</summary>
    internal void Adapt(double? rate)
    {
        lock (_lock)
        {
            if (_adaptive?.Rate == rate)
            {
                return;
            }

            Volatile.Write(ref _rate, rate ?? 0);
            var owed = _adaptive is { Level: < 0 and var level } ? -level : 0;
            _adaptive = rate is { } one ? new TokenBucket(one, Math.Max(LeastSaved, one * SavedAdaptive), time, owed: one) : null;
            _adaptive?.Take(Math.Max(LeastSaved, (rate ?? 0) * SavedAdaptive) + owed);
        }
    }

    /// <summary>What was taken since the last call, in keys; large values count as several.</summary>
    internal double TakeCount()
    {
        lock (_lock)
        {
            var taken = _taken;
            _taken = 0;
            return taken;
        }
    }

    private static TimeSpan Shorter(TimeSpan due, TimeSpan most) =>
        due > most ? most
        : due < ShortestPause ? ShortestPause
        : due;

    private static int Whole(double level) => level < 1 ? 0 : (int)Math.Min(int.MaxValue, level);

    private TimeSpan DueIn(bool isChange)
    {
        if (IsFree)
        {
            return TimeSpan.Zero;
        }

        lock (_lock)
        {
            Refresh();
            var due = Longer(_keys?.DueIn(1) ?? TimeSpan.Zero, _bytes?.DueIn(1) ?? TimeSpan.Zero);
            due = isChange ? due : Longer(due, _adaptive?.DueIn(1) ?? TimeSpan.Zero);
            // A limit that is raised meanwhile is felt at once.
            return due == TimeSpan.Zero ? due : Shorter(due, TimeSpan.FromMilliseconds(100));
        }
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private int Hard(int most, double averageBytes)
    {
        Refresh();
        var allowed = _keys is null ? most : Math.Min(most, Whole(_keys.Level));
        if (allowed > 0 && _bytes is { Level: var level })
        {
            // A value that is larger than what is left goes all the same: the debt is waited for.
            allowed = level < 1 ? 0 : Math.Min(allowed, Math.Max(1, Whole(level / averageBytes)));
        }

        return allowed;
    }

    private void Refresh()
    {
        var limits = dial.Limits;
        if (ReferenceEquals(limits, _known))
        {
            return;
        }

        _keys = Renewed(_keys, limits.KeysPerSecond);
        _bytes = Renewed(_bytes, limits.BytesPerSecond);
        _known = limits;
    }

    private TokenBucket? Renewed(TokenBucket? old, long? rate) =>
        rate == (long?)old?.Rate ? old
        : rate is { } one ? new TokenBucket(one, Math.Max(1, one * Saved), time)
        : null;
}
