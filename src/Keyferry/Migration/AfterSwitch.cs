using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>What a run does after the switch: it watches the old side for clients that go on writing there, and keeps the way back open, where there is one.</summary>
internal sealed class AfterSwitch(ServerConnector old, RunJournal journal, PhaseClock clock, RunControl control, TimeProvider time)
{
    /// <summary>For how long the old side is watched where there is no way back.</summary>
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(2);

    /// <summary>Ends when the way back is closed, by its window, by the operator, or because the clients went back.</summary>
    /// <exception cref="KeyferryException">The clients were being brought back, and nobody knows where they are.</exception>
    public async Task<CutoverRecord> RunAsync(
        CutoverRecord done,
        IWayBack? back,
        TimeSpan? window,
        CancellationToken finish,
        CancellationToken abort
    )
    {
        using var over = new CancellationTokenSource(window ?? Watched, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(finish, abort, over.Token);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(abort);
        var strays = old.Nodes.Select(node => new StrayWriters(node, client => Tell(node, client), time).RunAsync(watching.Token)).ToList();
        try
        {
            var rolledBack = back is null ? null : await EndOfAsync(back, either.Token);
            if (back is null)
            {
                await PauseAsync(either.Token);
            }

            clock.Enter(Phase.Completed, EndOf(back, rolledBack));
            return done with { Back = rolledBack };
        }
        finally
        {
            watching.Cancel();
            await Task.WhenAll(strays);
            control.CloseBack();
            back?.Dispose();
        }
    }

    private static string EndOf(IWayBack? back, CutoverRecord? rolledBack) =>
        (back, rolledBack) switch
        {
            (null, _) => "the clients are on the target",
            (_, null) => "the clients are on the target, and the way back is closed",
            _ => "the clients are back on the source",
        };

    private async Task<CutoverRecord?> EndOfAsync(IWayBack back, CancellationToken over)
    {
        using var close = over.Register(back.Close);
        try
        {
            return back.Ended is { } ended ? (await ended).Cutover : null;
        }
        catch (KeyferryException lost) when (lost.Kind != FailureKind.OwnershipUnknown)
        {
            // The clients are where they are; only going back is not possible any more.
            journal.Note(NoteLevel.Error, $"The way back is lost: {lost.Saw} {lost.Remedy}");
            return null;
        }
    }

    private async Task PauseAsync(CancellationToken over)
    {
        try
        {
            await Task.Delay(Watched, time, over);
        }
        catch (OperationCanceledException)
        {
            // Somebody does not want to wait for it.
            return;
        }
    }

    private void Tell(ServerConnector node, SourceClient client)
    {
        if (control.Back is { Stage: >= CutoverStage.Fenced })
        {
            // The clients are being brought back, or are back: there they belong.
            return;
        }

        journal.Note(
            NoteLevel.Warning,
            $"{client} writes to the old side {node.Endpoint} after the switch ({client.Command.ToUpperInvariant()}): what it writes there is not on the new one."
        );
    }
}
