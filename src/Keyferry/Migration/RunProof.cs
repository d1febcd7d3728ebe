using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Transfer;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>The proof at the end of a run: both sides are compared while the capture still listens, and what was found is judged together with what the run knows of itself.</summary>
/// <param name="engine">The run's moving parts.</param>
/// <param name="source">Connections to the source.</param>
/// <param name="target">Connections to the target.</param>
/// <param name="journal">Where it is written down what was found.</param>
/// <param name="deafness">Finds out whether the source tells of its changes, and notes a gap where it does not.</param>
/// <param name="time">The clock of the run.</param>
/// <remarks><b>Promises.</b> No reasons are returned only where both sides were compared in both directions while no gap was open, nothing differs, and nothing changed after
/// it was compared.</remarks>
internal sealed class RunProof(
    MigrationEngine engine,
    ServerConnector source,
    ServerConnector target,
    RunJournal journal,
    Func<CancellationToken, ValueTask<string?>> deafness,
    TimeProvider time
)
{
    /// <summary>How often the proof is begun anew when a gap opens while it runs.</summary>
    private const int Proofs = 3;

    private VerifyProgress _verify;
    private int _suspects;

    /// <summary>How far the comparison is.</summary>
    public VerifyProgress Progress => _verify;

    /// <summary>Notes that a lost connection to the target could not be killed there.</summary>
    public void Suspect() => Interlocked.Increment(ref _suspects);

    /// <summary>Compares both sides; again, if a gap opens meanwhile.</summary>
    /// <param name="drain">Closes the gaps and moves everything that the source has done up to now.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>What was found, and why equality is not proved; no reasons mean that it is.</returns>
    public async Task<(VerifyResult Verify, List<string> Reasons)> RunAsync(Func<Task> drain, CancellationToken stop)
    {
        for (var proof = 1; ; proof++)
        {
            var gaps = engine.Gaps.Total;
            var mark = await MarkAsync(stop);
            engine.Lanes.RememberChanged();
            var verify = await CompareAsync(stop);
            var missed = engine.Gaps.Total != gaps || engine.Gaps.Open > 0;
            var written = await WrittenSinceAsync(mark, stop);
            var behind = engine.Capture is { Listens: false } && (verify.DifferenceCount > 0 || written is not null);
            if (!missed && (!behind || proof == Proofs))
            {
                return (verify, Judge(verify, written));
            }

            if (proof == Proofs)
            {
                var open = engine.Gaps.Oldest is { } gap ? $"; not over yet: {gap.Reason}" : "";
                return (
                    verify,
                    Judge(verify, $"changes may have been missed while both sides were compared, {Proofs} times in a row{open}")
                );
            }

            journal.Note(
                NoteLevel.Warning,
                missed
                    ? "A gap opened while both sides were compared; it is closed, and they are compared again."
                    : "The source has changed since the last pass; another pass is made, and both sides are compared again."
            );
            await drain();
        }
    }

    /// <summary>Where no capture listens, only the source's own count of changes tells whether it was written to meanwhile.</summary>
    private async ValueTask<SourceMark?> MarkAsync(CancellationToken stop)
    {
        if (engine.Capture is { Listens: true })
        {
            return null;
        }

        var outage = new Outage(time, engine.Comparison.OutageBudget);
        while (true)
        {
            try
            {
                return await SourceMark.TakeAsync(source, stop);
            }
            catch (ServerErrorException refused) when (!Outage.IsPassing(refused))
            {
                return new SourceMark("", "", 0);
            }
            catch (Exception lost) when (Outage.IsPassing(lost))
            {
                await outage.PauseAsync(lost, stop);
            }
        }
    }

    private async ValueTask<string?> WrittenSinceAsync(SourceMark? mark, CancellationToken stop) =>
        mark is not null && await MarkAsync(stop) is { } now ? mark.WrittenUntil(now) : null;

    /// <summary>Compares both sides once. A server that is away when it begins is waited for, as one that goes away meanwhile is.</summary>
    private async Task<VerifyResult> CompareAsync(CancellationToken stop)
    {
        var options = engine.Comparison with { Progress = progress => _verify = progress };
        var outage = new Outage(time, options.OutageBudget);
        while (true)
        {
            var changes = engine.Capture is { Listens: true } capture
                ? new ChangeWatch(engine.Lanes, capture, engine.Gaps, engine.MovesUnchanged)
                : null;
            try
            {
                var verify = await new Verifier(source, target, options, time, changes).RunAsync(stop);
                // A server that was restarted meanwhile may have lost keys that were equal when they were compared.
                await engine.LookAtServersAsync(stop);
                // One that had become silent is a gap.
                _ = await deafness(stop);
                return verify;
            }
            catch (Exception lost) when (Outage.IsPassing(lost))
            {
                await outage.PauseAsync(lost, stop);
            }
        }
    }

    /// <summary>Why equality is not proved although nothing differs; empty where it is.</summary>
    private List<string> Judge(VerifyResult verify, string? known)
    {
        List<string> reasons = known is null ? [.. verify.Doubts] : [.. verify.Doubts, known];
        if (verify.DifferenceCount > 0)
        {
            reasons.Add($"{verify.DifferenceCount:#,0} keys differ");
        }

        if (verify.InFlight > 0)
        {
            reasons.Add($"{verify.InFlight:#,0} keys were still being changed by the application while they were compared");
        }

        if (engine.Functions is { Trouble: { } trouble })
        {
            reasons.Add($"the functions of both sides are not equal: {trouble}");
        }

        foreach (var (reason, keys) in engine.Failed.ByReason())
        {
            reasons.Add(
                reason == TransferSettings.NameTaken
                    ? $"{keys:#,0} keys were not moved: for each, {reason}"
                    : $"the target refused {keys:#,0} keys: {reason}"
            );
        }

        if (engine.LeftOut.Overflowed)
        {
            reasons.Add("more keys were left out than can be remembered");
        }

        if (!engine.OwnsTarget && verify.LeftAlone > 0 && (engine.Gaps.Total > 0 || _suspects > 0))
        {
            reasons.Add(
                $"changes may have been missed for a while, or a late write was not excluded, and the target has {verify.LeftAlone:#,0} keys that the source has not: whether one of them was deleted on the source meanwhile cannot be known (merge)"
            );
        }

        if (_suspects > 0)
        {
            journal.Note(
                NoteLevel.Warning,
                $"{_suspects} lost connections to the target could not be killed there; the comparison at the end found no trace of late writes."
            );
        }

        var verdict =
            verify.DifferenceCount > 0 ? Verdict.Different
            : reasons.Count > 0 ? Verdict.NotProved
            : Verdict.Equal;
        journal.Verified(verify, verdict);
        return reasons;
    }
}
