using Keyferry.Queue;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>Whether a run is ready for its cutover.</summary>
internal static class Readiness
{
    /// <summary>So many keys can be compared behind the fence in its time. (Measured: 20,000 to 40,000 a second on two cores.)</summary>
    private const int MostUnproved = 10_000;

    /// <summary>What stands against a cutover now, or <see langword="null"/>.</summary>
    public static string? Of(RunContext context, MigrationEngine engine, ContinuousVerifier verifier)
    {
        if (context.Control.IsPaused)
        {
            return "the run is paused";
        }

        if (OfProof(engine, verifier) is { } against)
        {
            return against;
        }

        if (verifier.Coverage.Unproved > MostUnproved)
        {
            return $"{verifier.Coverage.Unproved:#,0} keys were touched since they were last compared, more than can be compared behind a fence";
        }

        var oldest = engine.Lanes.Queues.Max(static queue => queue.State().OldestWaiting);
        var budget = context.Options.Cutover?.FenceBudget ?? TimeSpan.Zero;
        return oldest > budget / 2 ? $"changes wait for {oldest.TotalMilliseconds:0} ms, more than half of the fence's budget" : null;
    }

    /// <summary>What stands against saying that both sides are equal, or <see langword="null"/>.</summary>
    public static string? OfProof(MigrationEngine engine, ContinuousVerifier verifier)
    {
        if (engine.Gaps.IsOpen(GapScope.AllKeys))
        {
            return "changes may have been missed, and the gap is not closed";
        }

        if (engine.Functions is { Trouble: { } trouble })
        {
            return $"the functions are not equal: {trouble}";
        }

        if (engine.Failed.Count > 0)
        {
            return $"the target refused {engine.Failed.Count:#,0} keys";
        }

        if (verifier.Coverage.Different > 0)
        {
            return $"{verifier.Coverage.Different:#,0} keys differ although they were looked at again and again";
        }

        return verifier.Coverage.IsComplete
            ? null
            : $"both sides are still being compared ({verifier.Walked:#,0} of about {verifier.Total:#,0} keys{(verifier.Coverage.LostBy is { } lost ? $"; begun anew: {lost}" : "")})";
    }
}
