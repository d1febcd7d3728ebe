using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Report;

/// <summary>What a run had counted at one moment, and the worst of what it felt since the sample before.</summary>
internal readonly record struct RunSample
{
    /// <summary>Takes one from a look at the run.</summary>
    public RunSample(ProgressSnapshot now)
    {
        Elapsed = now.Elapsed;
        Moved = now.Written + now.Deleted;
        Bytes = now.PayloadBytes;
        Changes = now.Changes;
        Verified = now.Verified;
        VerifyTotal = now.VerifyTotal;
        Waiting = now.Waiting;
        LagP50 = now.LagP50;
        LagP99 = now.LagP99;
        OldestWaiting = now.OldestWaiting;
        Phase = now.Phase;
        IsBack = now.BackSince is not null;
    }

    /// <summary>Since the run started.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Keys written and deleted on the target so far.</summary>
    public long Moved { get; init; }

    /// <summary>Payload bytes written so far.</summary>
    public long Bytes { get; init; }

    /// <summary>Changes heard of so far.</summary>
    public long Changes { get; init; }

    /// <summary>Keys that the present comparison has compared.</summary>
    public long Verified { get; init; }

    /// <summary>How many it has to compare; 0 where none runs.</summary>
    public long VerifyTotal { get; init; }

    /// <summary>Most keys that waited.</summary>
    public long Waiting { get; init; }

    /// <summary>Worst median lag.</summary>
    public TimeSpan LagP50 { get; init; }

    /// <summary>Worst 99th percentile.</summary>
    public TimeSpan LagP99 { get; init; }

    /// <summary>Greatest age of a change that waited.</summary>
    public TimeSpan OldestWaiting { get; init; }

    /// <summary>Where the run was.</summary>
    public Phase Phase { get; init; }

    /// <summary>Whether keys were moved back: the counters are those of the way back then.</summary>
    public bool IsBack { get; init; }

    /// <summary>This one in the place of itself and of the one before: counters are the later, what hurt is the worse.</summary>
    public RunSample Over(RunSample earlier) =>
        this with
        {
            Waiting = Math.Max(Waiting, earlier.Waiting),
            LagP50 = Longer(LagP50, earlier.LagP50),
            LagP99 = Longer(LagP99, earlier.LagP99),
            OldestWaiting = Longer(OldestWaiting, earlier.OldestWaiting),
        };

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
