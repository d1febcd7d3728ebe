using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Simulation.World;

/// <summary>The run's state in the hands of one process: what it wrote while it lived stays, and afterwards it writes nothing.</summary>
internal sealed class ProcessStore(IRunStore kept, SimProcess process) : IRunStore
{
    private IRunStore Kept
    {
        get
        {
            process.ThrowIfKilled();
            return kept;
        }
    }

    public long BeginRun(RunStart start) => Kept.BeginRun(start);

    public void EnterPhase(long run, Phase phase, string why) => Kept.EnterPhase(run, phase, why);

    public void EndRun(long run, Verdict verdict) => Kept.EndRun(run, verdict);

    public IReadOnlyList<RunRecord> Runs() => Kept.Runs();

    public IReadOnlyList<PhaseRecord> Phases(long run) => Kept.Phases(run);

    public long RecordLease(LeaseRecord lease) => Kept.RecordLease(lease);

    public void MarkLeaseUndone(long id, string note) => Kept.MarkLeaseUndone(id, note);

    public IReadOnlyList<LeaseRecord> OpenLeases() => Kept.OpenLeases();

    public long RecordGap(GapRecord gap) => Kept.RecordGap(gap);

    public void RetellGap(long id, string reason) => Kept.RetellGap(id, reason);

    public void CloseGap(long id) => Kept.CloseGap(id);

    public IReadOnlyList<GapRecord> Gaps(long run) => Kept.Gaps(run);

    public void SaveScan(ScanPosition position) => Kept.SaveScan(position);

    public ScanPosition? LoadScan(long run, string shard) => Kept.LoadScan(run, shard);

    public void SaveCounters(long run, IReadOnlyDictionary<string, long> counters) => Kept.SaveCounters(run, counters);

    public IReadOnlyDictionary<string, long> LoadCounters(long run) => Kept.LoadCounters(run);

    public void RecordVerify(VerifyRecord result) => Kept.RecordVerify(result);

    public IReadOnlyList<VerifyRecord> Verifies(long run) => Kept.Verifies(run);

    /// <summary>The state outlives the process.</summary>
    public void Dispose()
    {
        // What is kept belongs to the world.
    }
}
