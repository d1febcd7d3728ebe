using System.Collections.Concurrent;
using Keyferry.Observe;

namespace Keyferry.Integration.Faults;

/// <summary>Keeps what a run tells, and what the test did to it, in one order: what a failing test prints.</summary>
internal sealed class RunLog : IRunObserver
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentQueue<RunEvent.GapOpened> _gaps = new();

    /// <summary>The gaps that the run has noticed so far.</summary>
    public IReadOnlyCollection<RunEvent.GapOpened> Gaps => _gaps;

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        if (happened is RunEvent.GapOpened gap)
        {
            _gaps.Enqueue(gap);
        }

        Add(happened.ToString());
    }

    /// <summary>Adds what the test did.</summary>
    public void Add(string line) => _lines.Enqueue($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {line}");

    /// <inheritdoc/>
    public override string ToString() => string.Join("\n", _lines);
}
