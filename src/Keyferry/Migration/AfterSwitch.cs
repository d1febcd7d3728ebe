using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>What a run does after the switch: it watches the old side for clients that go on writing there, and keeps the way back open, where there is one.</summary>
internal sealed class AfterSwitch(
    ServerConnector old,
    ServerConnector target,
    RunJournal journal,
    PhaseClock clock,
    RunControl control,
    TimeProvider time
)
{
    /// <summary>Ends when the way back is closed, by its window, by the operator, or because the clients went back; without one, when the old side was watched for long enough.</summary>
    /// <exception cref="KeyferryException">The clients were being brought back, and nobody knows where they are.</exception>
    public async Task<CutoverRecord> RunAsync(
        CutoverRecord done,
        IWayBack? back,
        OldSideWatch? begun,
        CutoverOptions options,
        CancellationToken finish,
        CancellationToken abort
    )
    {
        using var over = new CancellationTokenSource(back is null ? options.WatchOld : options.ReverseWindow ?? options.WatchOld, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(finish, abort, over.Token);
        try
        {
            await using var watch = begun ?? new OldSideWatch(old, journal, () => control.Back, back is not null, time);
            if (back is not null)
            {
                return await EndOfAsync(back, either.Token) is { } ended
                    ? done with
                    {
                        Back = ended.Cutover,
                        MovedBack = new MovedBack(ended.Progress, ended.PutRight),
                    }
                    : done;
            }

            clock.Enter(Phase.Completed, $"the clients are on {target.Endpoint}");
            journal.Note(
                NoteLevel.Information,
                $"The old side {old.Endpoint} is watched for {options.WatchOld.TotalSeconds:0.#} s more for clients that still write there (--watch-old); keyferry finish or Ctrl-C ends that at once."
            );
            await PauseAsync(either.Token);
            return done;
        }
        finally
        {
            control.CloseBack();
            back?.Dispose();
        }
    }

    private async Task<MigrationReport?> EndOfAsync(IWayBack back, CancellationToken over)
    {
        using var close = over.Register(back.Close);
        try
        {
            var ended = back.Ended ?? throw new InvalidOperationException("the way back has not begun");
            if (await Task.WhenAny(back.Returned, ended) == back.Returned)
            {
                // What follows is only a watch over the side that they have left.
                clock.Enter(Phase.Completed, "the clients are back on the source");
                return await ended;
            }

            var closed = await ended;
            clock.Enter(Phase.Completed, "the clients are on the target, and the way back is closed");
            return closed;
        }
        catch (KeyferryException lost) when (lost.Kind != FailureKind.OwnershipUnknown)
        {
            // The clients are where they are; only going back is not possible any more.
            journal.Note(NoteLevel.Error, $"The way back is lost: {lost.Saw} {lost.Remedy}");
            if (clock.Phase != Phase.Completed)
            {
                clock.Enter(Phase.Completed, "the clients are on the target, and the way back is lost");
            }

            return null;
        }
    }

    private async Task PauseAsync(CancellationToken over)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, over);
        }
        catch (OperationCanceledException)
        {
            // Long enough, or somebody does not want to wait for it.
            return;
        }
    }
}
