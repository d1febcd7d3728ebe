using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Lanes;

/// <summary>The ordered way of its keys, over as many sessions as it takes.</summary>
/// <remarks>
/// <para><b>Promises.</b> Before a new session writes, the target has been asked to kill the connection of the one before: a write whose answer was lost could
/// otherwise be executed after newer ones. Where that is not permitted, the keys concerned are told to <c>suspect</c>.</para>
/// <para><b>Concurrency.</b> One task.</para>
/// </remarks>
/// <param name="index">The lane's number, for the client names.</param>
/// <param name="source">Connections to the source.</param>
/// <param name="reads">Connections to where values are read: the same, or replicas.</param>
/// <param name="target">Connections to the target.</param>
/// <param name="context">What the sessions share.</param>
/// <param name="outageBudget">How long a server may stay away before the run gives up.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class Lane(
    int index,
    ServerConnector source,
    ServerConnector reads,
    ServerConnector target,
    LaneContext context,
    TimeSpan outageBudget,
    TimeProvider time
)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private Forerunners? _forerunners;
    private PieceLinks? _pieceLinks;
    private TimeSpan _pause = FirstPause;
    private long _wellSince;
    private string? _held;

    /// <summary>Why the lane waits at the moment, or <see langword="null"/>.</summary>
    public string? Held => Volatile.Read(ref _held);

    /// <summary>Told when writes were left unanswered on a connection that could not be killed; must return at once.</summary>
    public Action<string>? Suspect { get; set; }

    /// <summary>Moves keys until <paramref name="stop"/>.</summary>
    /// <exception cref="KeyferryException">A server refuses for a reason that will last, or stayed away for longer than the budget.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        _wellSince = time.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await RunSessionAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble) when (trouble is LaneHeldException or KeyferryException { Kind: FailureKind.Unreachable })
            {
                Volatile.Write(ref _held, trouble is KeyferryException known ? known.Saw : trouble.Message);
                if (time.GetElapsedTime(_wellSince) > outageBudget)
                {
                    throw GaveUp(trouble);
                }
            }

            await PauseAsync(_pause, stop);
            _pause = _pause * 2 > LongestPause ? LongestPause : _pause * 2;
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        try
        {
            await Task.Delay(pause, time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The caller's loop ends on the same token.
            return;
        }
    }

    private async Task RunSessionAsync(CancellationToken stop)
    {
        var from = await reads.ConnectAsync($"lane{index}", stop);
        RespConnection? primary = null;
        LaneSession session;
        try
        {
            // Reading for a migration is no use of the key: the source's LRU must not see it. Older servers do not know the command.
            await reads.Quiet.AskAsync(from, stop);
            if (reads.Replicas is not null)
            {
                primary = await source.ConnectAsync($"lane{index}-primary", stop);
                await source.Quiet.AskAsync(primary, stop);
            }

            _forerunners ??= new Forerunners(context.Target, reason => Suspect?.Invoke(reason));
            _pieceLinks ??= new PieceLinks(index, source, target, context, reason => Suspect?.Invoke(reason));
            var to = await target.ConnectAsync($"lane{index}", stop, opened: _forerunners.EndAsync);
            session = new LaneSession(from, primary, to, context, _pieceLinks, time);
        }
        catch (Exception failed)
        {
            await from.DisposeAsync();
            await (primary?.DisposeAsync() ?? ValueTask.CompletedTask);
            if (failed is IOException lost)
            {
                throw new LaneHeldException(lost.Message, lost);
            }

            throw;
        }

        await using (session)
        {
            context.Counters.AddSession();
            Volatile.Write(ref _held, null);
            try
            {
                await session.RunAsync(stop);
            }
            finally
            {
                if (session.WellAt is { } well)
                {
                    (_pause, _wellSince) = (FirstPause, well);
                }
            }
        }
    }

    private KeyferryException GaveUp(Exception trouble) =>
        new(
            FailureKind.Failed,
            $"No key could be moved for {outageBudget.TotalMinutes:0.#} minutes: {(trouble is KeyferryException known ? known.Saw : trouble.Message)}",
            "Nothing was lost on the source. Mend the cause, then start again.",
            trouble
        );
}
