using Keyferry.Observe;

namespace Keyferry.Throttle;

/// <summary>Tells when and why Keyferry goes slow for the source's sake: a note at the beginning, whenever the rate has halved again, and at the end; and all of it for the report.</summary>
/// <remarks><b>Concurrency.</b> One task tells, anybody may read.</remarks>
internal sealed class PaceStory(Action<NoteLevel, string> note, TimeProvider time)
{
    /// <summary>More slow-downs than so many are only counted.</summary>
    private const int MostKept = 100;

    /// <summary>Between two notes of one slow-down.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly List<SlowDown> _past = [];
    private SlowDown? _present;
    private double _told;
    private DateTimeOffset _toldAt;
    private TimeSpan _spent;

    /// <summary>How often Keyferry went slow so far.</summary>
    public int Count { get; private set; }

    /// <summary>Whether it goes slow now.</summary>
    public bool IsSlow
    {
        get
        {
            lock (_lock)
            {
                return _present is not null;
            }
        }
    }

    /// <summary>For how long, all together.</summary>
    public TimeSpan Spent
    {
        get
        {
            lock (_lock)
            {
                return _spent + (_present is null ? TimeSpan.Zero : time.GetUtcNow() - _present.From);
            }
        }
    }

    /// <summary>The first of them.</summary>
    public IReadOnlyList<SlowDown> All
    {
        get
        {
            lock (_lock)
            {
                return _present is null ? [.. _past] : [.. _past, Lasting(_present)];
            }
        }
    }

    /// <summary>The rate is <paramref name="rate"/> from now on.</summary>
    /// <param name="rate">In keys a second.</param>
    /// <param name="used">What was taken before.</param>
    /// <param name="latency">What the source takes to answer.</param>
    /// <param name="budget">What it may take.</param>
    public void Slow(double rate, double used, TimeSpan latency, TimeSpan budget)
    {
        string? text = null;
        lock (_lock)
        {
            if (_present is null)
            {
                Count++;
                (_told, _toldAt) = (rate, time.GetUtcNow());
                _present = new SlowDown(time.GetUtcNow(), TimeSpan.Zero, budget, latency, rate);
                text =
                    $"The source takes {Ms(latency)} to answer, above its budget of {Ms(budget)}: keys are read at {rate:#,0} a second instead of {used:#,0}; changes go first.";
            }
            else
            {
                _present = _present with
                {
                    Worst = latency > _present.Worst ? latency : _present.Worst,
                    Lowest = Math.Min(_present.Lowest, rate),
                };
                if (rate <= _told / 2 && time.GetUtcNow() - _toldAt >= Silence)
                {
                    (_told, _toldAt) = (rate, time.GetUtcNow());
                    text =
                        rate <= LatencyGovernor.Slowest
                            ? $"The source takes {Ms(latency)} to answer although Keyferry reads only {rate:#,0} keys a second: something else keeps it busy. It goes no slower."
                            : $"The source takes {Ms(latency)} to answer, above its budget of {Ms(budget)}: slower still, {rate:#,0} keys a second.";
                }
            }
        }

        if (text is not null)
        {
            note(NoteLevel.Warning, text);
        }
    }

    /// <summary>Nothing is held back any more.</summary>
    public void End(string why)
    {
        SlowDown ended;
        lock (_lock)
        {
            if (_present is null)
            {
                return;
            }

            ended = Lasting(_present);
            _present = null;
            _spent += ended.Lasted;
            if (_past.Count < MostKept)
            {
                _past.Add(ended);
            }
        }

        note(
            NoteLevel.Information,
            $"Keys are read at full pace again after {ended.Lasted.TotalSeconds:0.#} s ({why}); the source took up to {Ms(ended.Worst)} to answer, and the pace went down to {ended.Lowest:#,0} keys a second."
        );
    }

    private static string Ms(TimeSpan span) => $"{span.TotalMilliseconds:0.0##} ms";

    private SlowDown Lasting(SlowDown one) => one with { Lasted = time.GetUtcNow() - one.From };
}
