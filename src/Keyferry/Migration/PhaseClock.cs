using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Migration;

/// <summary>Knows the phase and how long each has lasted; lets only the arrows of the phase table happen.</summary>
/// <param name="entered">Told of every phase.</param>
/// <param name="time">The clock of the run.</param>
/// <param name="began">The timestamp of the run's beginning, which is before the first phase: servers are examined first.</param>
internal sealed class PhaseClock(Action<RunEvent.PhaseEntered> entered, TimeProvider time, long began)
{
    private readonly Lock _lock = new();
    private readonly List<(Phase Phase, TimeSpan Spent)> _spent = [];
    private readonly long _began = began;
    private long _since = began;
    private Phase _phase = Phase.Planned;

    /// <summary>Where the run is.</summary>
    public Phase Phase
    {
        get
        {
            lock (_lock)
            {
                return _phase;
            }
        }
    }

    /// <summary>Since the run began.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_began);

    /// <summary>Since when the run is in <paramref name="phase"/>, counted from its beginning; <see langword="null"/> where it is in another.</summary>
    public TimeSpan? InSince(Phase phase)
    {
        lock (_lock)
        {
            return _phase == phase ? time.GetElapsedTime(_began, _since) : null;
        }
    }

    /// <summary>Enters a phase.</summary>
    /// <exception cref="InvalidOperationException">The phase table has no such arrow: a bug.</exception>
    public void Enter(Phase next, string why)
    {
        lock (_lock)
        {
            if (!PhaseTable.Allows(_phase, next))
            {
                throw new InvalidOperationException($"no arrow leads from {_phase} to {next}");
            }

            _spent.Add((_phase, time.GetElapsedTime(_since)));
            _since = time.GetTimestamp();
            _phase = next;
        }

        entered(new RunEvent.PhaseEntered(time.GetUtcNow(), next, why));
    }

    /// <summary>Time spent in each phase so far, in the order in which they were first entered; the first, in which nothing happens, is left out.</summary>
    public IReadOnlyList<(Phase Phase, TimeSpan Spent)> Spent()
    {
        lock (_lock)
        {
            return
            [
                .. _spent
                    .Append((_phase, time.GetElapsedTime(_since)))
                    .Where(static entry => entry.Item1 is not (Phase.Planned or Phase.Completed or Phase.Aborted))
                    .GroupBy(static entry => entry.Item1)
                    .Select(static group => (group.Key, new TimeSpan(group.Sum(static entry => entry.Item2.Ticks)))),
            ];
        }
    }
}
