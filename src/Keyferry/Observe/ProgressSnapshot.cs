using Keyferry.Model;

namespace Keyferry.Observe;

/// <summary>One consistent look at a running migration. Counters count from the start of the run; while its way back is open, those of the way back, from the switch on.</summary>
public sealed record ProgressSnapshot
{
    /// <summary>Where the run is.</summary>
    public required Phase Phase { get; init; }

    /// <summary>Since the run started.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>When the clients were switched, since the run started, while keys are moved from the target back to the source; <see langword="null"/> otherwise. Counters
    /// began at zero then.</summary>
    public TimeSpan? BackSince { get; init; }

    /// <summary>Keys that SCAN has returned in the first pass.</summary>
    public long Scanned { get; init; }

    /// <summary>How many keys the source had when the copy began; an estimate of where <see cref="Scanned"/> ends.</summary>
    public long ScanTotal { get; init; }

    /// <summary>Whether every key of the first pass is on the target.</summary>
    public bool CopyDone { get; init; }

    /// <summary>Keys written to the target, deletes not counted; a key moved twice counts twice.</summary>
    public long Written { get; init; }

    /// <summary>Keys deleted on the target.</summary>
    public long Deleted { get; init; }

    /// <summary>Payload bytes written to the target.</summary>
    public long PayloadBytes { get; init; }

    /// <summary>Changes that the captures reported (a key changed twice counts twice).</summary>
    public long Changes { get; init; }

    /// <summary>Looks at keys that live changes led to and that the target has acknowledged.</summary>
    public long ChangesMoved { get; init; }

    /// <summary>Distinct keys that wait to be looked at because they changed.</summary>
    public long Waiting { get; init; }

    /// <summary>Bytes that the waiting keys occupy.</summary>
    public long WaitingBytes { get; init; }

    /// <summary>Median lag of the changes moved lately, from the moment Keyferry heard of a change to the target's acknowledgement.</summary>
    public TimeSpan LagP50 { get; init; }

    /// <summary>99th percentile of the same.</summary>
    public TimeSpan LagP99 { get; init; }

    /// <summary>Age of the oldest change that is not on the target.</summary>
    public TimeSpan OldestWaiting { get; init; }

    /// <summary>Keys compared by the verify that runs now or ran last.</summary>
    public long Verified { get; init; }

    /// <summary>How many there are to compare, both directions together; 0 before a verify.</summary>
    public long VerifyTotal { get; init; }

    /// <summary>Keys that looked different at first sight and are looked at again.</summary>
    public long VerifyCandidates { get; init; }

    /// <summary>Gaps noticed so far.</summary>
    public int Gaps { get; init; }

    /// <summary>Gaps not yet closed by a rescan.</summary>
    public int OpenGaps { get; init; }

    /// <summary>Why the gap that has been open for the longest time was opened, and what it concerns; <see langword="null"/> where none is open.</summary>
    public string? OpenGap { get; init; }

    /// <summary>Keys that could not be moved so far, with the server refusing them for a reason of their own.</summary>
    public long Failed { get; init; }

    /// <summary>What may be taken from the source; <see langword="null"/> while nothing is limited.</summary>
    public PaceSnapshot? Pace { get; init; }

    /// <summary>Why the run waits or goes slow at the moment (<c>target refuses writes: OOM</c>), or <see langword="null"/>.</summary>
    public string? Held { get; init; }
}
