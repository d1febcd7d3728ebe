using Keyferry.Model;

namespace Keyferry.State;

/// <summary>A run store that is gone with the process: for commands that leave nothing behind, and for the simulation, where it outlives simulated crashes.</summary>
/// <param name="time">Says when things happened.</param>
internal sealed class MemoryRunStore(TimeProvider time) : IRunStore
{
    private readonly Lock _lock = new();
    private readonly List<RunRecord> _runs = [];
    private readonly List<(long Run, PhaseRecord Phase)> _phases = [];
    private readonly List<LeaseRecord> _leases = [];
    private readonly List<GapRecord> _gaps = [];
    private readonly Dictionary<(long Run, string Shard), ScanPosition> _scans = [];
    private readonly Dictionary<long, Dictionary<string, long>> _counters = [];
    private readonly List<VerifyRecord> _verifies = [];

    /// <inheritdoc/>
    public long BeginRun(RunStart start)
    {
        lock (_lock)
        {
            var run = new RunRecord(_runs.Count + 1, start, time.GetUtcNow(), Phase.Planned, Ended: null, Verdict: null);
            _runs.Add(run);
            _phases.Add((run.Id, new PhaseRecord(Phase.Planned, run.Started, "")));
            return run.Id;
        }
    }

    /// <inheritdoc/>
    public void EnterPhase(long run, Phase phase, string why)
    {
        lock (_lock)
        {
            _phases.Add((run, new PhaseRecord(phase, time.GetUtcNow(), why)));
            _runs[(int)run - 1] = _runs[(int)run - 1] with { Phase = phase };
        }
    }

    /// <inheritdoc/>
    public void EndRun(long run, Verdict verdict)
    {
        lock (_lock)
        {
            _runs[(int)run - 1] = _runs[(int)run - 1] with { Ended = time.GetUtcNow(), Verdict = verdict };
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<RunRecord> Runs()
    {
        lock (_lock)
        {
            return [.. Enumerable.Reverse(_runs)];
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<PhaseRecord> Phases(long run)
    {
        lock (_lock)
        {
            return [.. _phases.Where(entered => entered.Run == run).Select(static entered => entered.Phase)];
        }
    }

    /// <inheritdoc/>
    public long RecordLease(LeaseRecord lease)
    {
        lock (_lock)
        {
            _leases.Add(lease with { Id = _leases.Count + 1, Taken = time.GetUtcNow() });
            return _leases.Count;
        }
    }

    /// <inheritdoc/>
    public void MarkLeaseUndone(long id, string note)
    {
        lock (_lock)
        {
            if (_leases[(int)id - 1].Undone is null)
            {
                _leases[(int)id - 1] = _leases[(int)id - 1] with { Undone = time.GetUtcNow(), Note = note };
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<LeaseRecord> OpenLeases()
    {
        lock (_lock)
        {
            return [.. _leases.Where(static lease => lease.Undone is null).Reverse()];
        }
    }

    /// <inheritdoc/>
    public long RecordGap(GapRecord gap)
    {
        lock (_lock)
        {
            _gaps.Add(gap with { Id = _gaps.Count + 1, Opened = time.GetUtcNow() });
            return _gaps.Count;
        }
    }

    /// <inheritdoc/>
    public void RetellGap(long id, string reason)
    {
        lock (_lock)
        {
            _gaps[(int)id - 1] = _gaps[(int)id - 1] with { Reason = reason };
        }
    }

    /// <inheritdoc/>
    public void CloseGap(long id)
    {
        lock (_lock)
        {
            _gaps[(int)id - 1] = _gaps[(int)id - 1] with { Closed = _gaps[(int)id - 1].Closed ?? time.GetUtcNow() };
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<GapRecord> Gaps(long run)
    {
        lock (_lock)
        {
            return [.. _gaps.Where(gap => gap.Run == run)];
        }
    }

    /// <inheritdoc/>
    public void SaveScan(ScanPosition position)
    {
        lock (_lock)
        {
            _scans[(position.Run, position.Shard)] = position;
        }
    }

    /// <inheritdoc/>
    public ScanPosition? LoadScan(long run, string shard)
    {
        lock (_lock)
        {
            return _scans.GetValueOrDefault((run, shard));
        }
    }

    /// <inheritdoc/>
    public void SaveCounters(long run, IReadOnlyDictionary<string, long> counters)
    {
        lock (_lock)
        {
            if (!_counters.TryGetValue(run, out var known))
            {
                _counters[run] = known = new Dictionary<string, long>(StringComparer.Ordinal);
            }

            foreach (var (name, value) in counters)
            {
                known[name] = value;
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, long> LoadCounters(long run)
    {
        lock (_lock)
        {
            return _counters.TryGetValue(run, out var known)
                ? new Dictionary<string, long>(known, StringComparer.Ordinal)
                : new Dictionary<string, long>(StringComparer.Ordinal);
        }
    }

    /// <inheritdoc/>
    public void RecordVerify(VerifyRecord result)
    {
        lock (_lock)
        {
            _verifies.Add(result with { At = time.GetUtcNow() });
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<VerifyRecord> Verifies(long run)
    {
        lock (_lock)
        {
            return [.. _verifies.Where(result => result.Run == run)];
        }
    }

    /// <summary>Does nothing: what was recorded can still be read.</summary>
    public void Dispose() { }
}
