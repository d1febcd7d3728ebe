using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>Closes gaps while a run follows and while it drains, and bears with servers that are away meanwhile.</summary>
/// <param name="engine">Looks again.</param>
/// <param name="clock">Shows a rescan of everything as a phase of its own.</param>
/// <param name="deafness">Finds out whether the source tells of its changes, and notes a gap where it does not.</param>
/// <param name="outage">How long a server may stay away.</param>
internal sealed class GapClosing(
    MigrationEngine engine,
    PhaseClock clock,
    Func<CancellationToken, ValueTask<string?>> deafness,
    Outage outage
)
{
    /// <summary>How often a drain closes gaps that open anew meanwhile. On a source whose consumer groups never rest it would not end otherwise; what is left
    /// open keeps the run from claiming equality.</summary>
    private const int MostDrains = 4;

    /// <summary>Looks again at what the open gaps concern. Where a server is lost meanwhile, they stay open.</summary>
    public async Task CloseAsync(CancellationToken stop)
    {
        var all = engine.Gaps.PendingScope == GapScope.AllKeys;
        if (all && clock.Phase == Phase.Following)
        {
            clock.Enter(Phase.Copying, "looking again at everything that a gap concerns");
        }

        try
        {
            await engine.CloseGapsAsync(stop);
            outage.Over();
        }
        catch (Exception lost) when (lost is ServerErrorException || Outage.IsPassing(lost))
        {
            // The gap stays open meanwhile.
            await outage.PauseAsync(lost, stop);
        }

        // Streams alone are looked at beside the following, by whoever uses consumer groups all the time.
        if (clock.Phase == Phase.Copying && (engine.Gaps.Pending == 0 || engine.Gaps.PendingScope == GapScope.Streams))
        {
            clock.Enter(Phase.Following, "moving changes as they come");
        }
    }

    /// <summary>Moves everything that the source has done up to now, and closes the gaps that are open.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        var (closed, tried) = (0, false);
        while (true)
        {
            try
            {
                _ = tried ? null : await deafness(stop);
                tried = true;
                await engine.DrainAsync(stop);
                outage.Over();
                if (engine.Gaps.Pending == 0 || closed == MostDrains)
                {
                    return;
                }

                await engine.CloseGapsAsync(stop);
                closed++;
                if (engine.Capture is { Listens: false } && engine.Gaps.Pending == 0)
                {
                    return;
                }
            }
            catch (Exception lost) when (lost is ServerErrorException || Outage.IsPassing(lost))
            {
                await outage.PauseAsync(lost, stop);
            }

            stop.ThrowIfCancellationRequested();
        }
    }
}
