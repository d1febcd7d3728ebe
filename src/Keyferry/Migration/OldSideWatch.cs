using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Observe;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>After a switch: watches the old side for clients that go on writing there, until it is disposed of.</summary>
internal sealed class OldSideWatch : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _over = new();
    private readonly List<(StrayWriters Strays, Task Ended)> _watching;
    private readonly TimeProvider _time;

    /// <param name="old">Connections to the old side.</param>
    /// <param name="journal">Is told.</param>
    /// <param name="back">The way back, while there is one: clients that are being brought back, or are back, belong to the old side.</param>
    /// <param name="hasBack">Whether there is one at all, which writes to the old side.</param>
    /// <param name="time">The clock of the run.</param>
    public OldSideWatch(ServerConnector old, RunJournal journal, Func<RunControl?> back, bool hasBack, TimeProvider time)
    {
        _time = time;
        var told = new StrayTold(
            text => journal.Note(NoteLevel.Warning, text),
            text => journal.Note(NoteLevel.Information, text),
            () => back() is not { Stage: >= CutoverStage.Fenced },
            IsAlone: !hasBack,
            time
        );
        _watching =
        [
            .. old
                .Nodes.Select(node => new StrayWriters(node, new SlowLog(node, journal.Store, journal.Run, time), told))
                .Select(strays => (strays, strays.RunAsync(_over.Token))),
        ];
    }

    /// <summary>Waits until whoever writes from then on is seen; not for long, where the old side does not answer.</summary>
    public async ValueTask BegunAsync()
    {
        try
        {
            await Task.WhenAll(_watching.Select(static one => one.Strays.Begun)).WaitAsync(Patience, _time);
        }
        catch (TimeoutException)
        {
            // It goes on trying by itself.
            return;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _over.Cancel();
        await Task.WhenAll(_watching.Select(static one => one.Ended));
        _over.Dispose();
    }
}
