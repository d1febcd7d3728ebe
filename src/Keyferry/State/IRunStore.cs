using Keyferry.Model;

namespace Keyferry.State;

/// <summary>What must be known after a crash: which runs there were, how far they came, what they changed on servers, what they may have missed.</summary>
/// <remarks>
/// <para><b>Promises.</b> Runs, phases, leases and gaps are durable when the call returns: they survive a power cut. Scan positions and counters survive the end of the
/// process, and may lag behind after a power cut, never run ahead. No secret is ever stored.</para>
/// <para><b>Concurrency.</b> May be called by any task; calls are short and exclude each other.</para>
/// <para>Every member may throw a <see cref="KeyferryException"/>: the disk is full, or the folder cannot be written any more.</para>
/// </remarks>
internal interface IRunStore : IDisposable
{
    /// <summary>Records a new run, in <see cref="Phase.Planned"/>.</summary>
    /// <returns>Its id.</returns>
    long BeginRun(RunStart start);

    /// <summary>Records that the run has entered a phase.</summary>
    void EnterPhase(long run, Phase phase, string why);

    /// <summary>Records how the run ended.</summary>
    void EndRun(long run, Verdict verdict);

    /// <summary>All runs, the latest first.</summary>
    IReadOnlyList<RunRecord> Runs();

    /// <summary>The phases that the run has entered, in order.</summary>
    IReadOnlyList<PhaseRecord> Phases(long run);

    /// <summary>Records a lease. Durable before it returns, so that it may be taken then.</summary>
    /// <returns>Its id.</returns>
    long RecordLease(LeaseRecord lease);

    /// <summary>Records that the setting is no longer ours to put back. Idempotent.</summary>
    void MarkLeaseUndone(long id, string note);

    /// <summary>Every lease of every run that is not undone, the latest first: in this order they are undone.</summary>
    IReadOnlyList<LeaseRecord> OpenLeases();

    /// <summary>Records a gap.</summary>
    /// <returns>Its id.</returns>
    long RecordGap(GapRecord gap);

    /// <summary>Records what is known of the gap's reason now.</summary>
    void RetellGap(long id, string reason);

    /// <summary>Records that everything the gap concerned has been looked at again. Idempotent.</summary>
    void CloseGap(long id);

    /// <summary>All gaps of the run, in the order in which they were noticed.</summary>
    IReadOnlyList<GapRecord> Gaps(long run);

    /// <summary>Records how far the scan of a shard has come, in place of what was known of it.</summary>
    void SaveScan(ScanPosition position);

    /// <summary>How far the scan of a shard has come, or <see langword="null"/> where it has not begun.</summary>
    ScanPosition? LoadScan(long run, string shard);

    /// <summary>Records the run's counters, in place of earlier values.</summary>
    void SaveCounters(long run, IReadOnlyDictionary<string, long> counters);

    /// <summary>The run's counters.</summary>
    IReadOnlyDictionary<string, long> LoadCounters(long run);

    /// <summary>Records the outcome of a comparison.</summary>
    void RecordVerify(VerifyRecord result);

    /// <summary>The outcomes of the run's comparisons, in order.</summary>
    IReadOnlyList<VerifyRecord> Verifies(long run);
}
