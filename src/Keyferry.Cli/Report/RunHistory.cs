using Keyferry.Observe;

namespace Keyferry.Cli.Report;

/// <summary>What happened in a run and how it went, for its report: events as they came, and samples of its counters.</summary>
/// <remarks>
/// <para><b>Promises.</b> Bounded, however long the run: with <see cref="MostSamples"/> taken, every two become one that keeps the worse of what hurt, and
/// from then on samples are taken half as often. Of the events the first <see cref="MostEvents"/> are kept and the others counted.</para>
/// <para><b>Concurrency.</b> Used from the one loop that shows a run.</para>
/// </remarks>
internal sealed class RunHistory
{
    /// <summary>More than a wide screen has columns.</summary>
    public const int MostSamples = 2000;

    /// <summary>A source whose consumer groups never rest opens a gap every few seconds.</summary>
    public const int MostEvents = 2000;

    private readonly List<RunSample> _samples = new(MostSamples);
    private readonly List<RunEvent> _events = [];
    private readonly List<HeldTime> _held = [];
    private int _stride = 1;
    private int _pending;
    private RunSample _latest;

    /// <summary>What is known of the run's course, oldest first.</summary>
    public IReadOnlyList<RunSample> Samples => _pending == 0 ? _samples : [.. _samples, _latest];

    /// <summary>The first events of the run.</summary>
    public IReadOnlyList<RunEvent> Events => _events;

    /// <summary>Events that came after those that are kept.</summary>
    public long EventsLeftOut { get; private set; }

    /// <summary>When the run waited or went slow, and why.</summary>
    public IReadOnlyList<HeldTime> Held => _held;

    /// <summary>Takes one look at the run.</summary>
    public void Take(ProgressSnapshot now)
    {
        var sample = new RunSample(now);
        _latest = _pending == 0 ? sample : sample.Over(_latest);
        TakeHeld(now);
        if (++_pending < _stride)
        {
            return;
        }

        _pending = 0;
        _samples.Add(_latest);
        if (_samples.Count == MostSamples)
        {
            for (var i = 0; i < MostSamples / 2; i++)
            {
                _samples[i] = _samples[(2 * i) + 1].Over(_samples[2 * i]);
            }

            _samples.RemoveRange(MostSamples / 2, MostSamples - (MostSamples / 2));
            _stride *= 2;
        }
    }

    /// <summary>Takes what has happened.</summary>
    public void Take(IReadOnlyList<RunEvent> happened)
    {
        var kept = Math.Min(happened.Count, MostEvents - _events.Count);
        _events.AddRange(happened.Take(kept));
        EventsLeftOut += happened.Count - kept;
    }

    private void TakeHeld(ProgressSnapshot now)
    {
        if (now.Held is not { } why)
        {
            return;
        }

        if (_held.Count > 0 && _held[^1].Why == why && now.Elapsed - _held[^1].Until <= TimeSpan.FromSeconds(3))
        {
            _held[^1] = _held[^1] with { Until = now.Elapsed };
        }
        else if (_held.Count < MostEvents)
        {
            _held.Add(new HeldTime(now.Elapsed, now.Elapsed, why));
        }
    }
}

/// <summary>A time during which a run waited or went slow, as far as the samples tell.</summary>
/// <param name="From">Since the run started.</param>
/// <param name="Until">Since the run started.</param>
/// <param name="Why">In words.</param>
internal sealed record HeldTime(TimeSpan From, TimeSpan Until, string Why);
