using System.Collections.Concurrent;
using System.Globalization;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Queue;
using Keyferry.State;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>Writes down what happens in a run, durably where it must survive a crash, and tells the observer. Thread-safe.</summary>
internal sealed class RunJournal(long run, IRunStore store, IRunObserver observer, TimeProvider time)
{
    private readonly ConcurrentDictionary<int, long> _gaps = new();

    /// <summary>The run's id in the store.</summary>
    public long Run => run;

    /// <summary>Where the run's state is kept.</summary>
    public IRunStore Store => store;

    /// <summary>Hands over what earlier processes of the run have noticed. What they left open is open still: everything that it concerns is looked at again.</summary>
    public void TakeUp(GapLedger gaps)
    {
        var known = store.Gaps(run);
        var open = new List<Gap>();
        foreach (var (place, record) in known.Index().Where(static one => one.Item.Closed is null))
        {
            var scope = record.Scope == Gap.StreamsInWords ? GapScope.Streams : GapScope.AllKeys;
            open.Add(new Gap(place + 1, record.Reason, scope, record.Opened));
            _gaps[place + 1] = record.Id;
        }

        gaps.TakeUp(known.Count, open);
        if (open.Count > 0)
        {
            Note(NoteLevel.Information, $"Gaps of the process before that are still open: {open.Count:#,0}. The next rescan closes them.");
        }
    }

    /// <summary>The run has entered a phase.</summary>
    public void Entered(RunEvent.PhaseEntered entered)
    {
        store.EnterPhase(run, entered.Phase, entered.Why);
        observer.On(entered);
    }

    /// <summary>A gap was noticed.</summary>
    public void Opened(Gap gap)
    {
        _gaps[gap.Id] = store.RecordGap(
            new GapRecord
            {
                Run = run,
                Shard = "0",
                Reason = gap.Reason,
                Scope = gap.Concerns,
            }
        );
        observer.On(new RunEvent.GapOpened(gap.Noticed, gap.Id, gap.Reason, gap.Concerns));
    }

    /// <summary>More is known of a gap.</summary>
    public void Changed(Gap gap)
    {
        if (_gaps.TryGetValue(gap.Id, out var id))
        {
            store.RetellGap(id, gap.Reason);
        }

        Note(NoteLevel.Warning, string.Create(CultureInfo.InvariantCulture, $"Gap {gap.Id}: {gap.Reason}"));
    }

    /// <summary>A gap was closed.</summary>
    public void Closed(Gap gap)
    {
        if (_gaps.TryRemove(gap.Id, out var id))
        {
            store.CloseGap(id);
        }

        observer.On(new RunEvent.GapClosed(time.GetUtcNow(), gap.Id, time.GetUtcNow() - gap.Noticed));
    }

    /// <summary>Something to know.</summary>
    public void Note(NoteLevel level, string text) => observer.On(new RunEvent.Note(time.GetUtcNow(), level, text));

    /// <summary>A comparison has ended.</summary>
    public void Verified(VerifyResult result, Verdict verdict) =>
        store.RecordVerify(
            new VerifyRecord
            {
                Run = run,
                Verdict = verdict,
                Compared = result.Compared,
                LookedUp = result.LookedUp,
                Differences = result.DifferenceCount,
                InFlight = result.InFlight,
                Repaired = result.Repaired,
            }
        );

    /// <summary>The run has ended.</summary>
    public void Ended(Verdict verdict) => store.EndRun(run, verdict);
}
