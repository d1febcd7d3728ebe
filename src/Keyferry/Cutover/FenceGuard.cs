using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Cutover;

/// <summary>Watches a fence, and the servers on both sides of it, for as long as it stands: a failover or a restart lifts a fence silently.</summary>
/// <remarks><b>Promises.</b> From <see cref="BeginAsync"/> on, another process or another role behind an address of either side, a lost connection, or whatever the fence itself
/// notices, cancels <see cref="Broken"/> within a tenth of a second or so. That another server has taken over while the old one has not been told yet is noticed by
/// <see cref="LookNowAsync"/>: after a failover by sentinels that lasts ten seconds, in which the fence stands where nobody writes.</remarks>
internal sealed class FenceGuard : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>How long one look may take that somebody waits for.</summary>
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(2);

    private readonly IFence _fence;
    private readonly IReadOnlyList<ServerConnector> _sides;
    private readonly TimeProvider _time;
    private readonly List<(ServerConnector Server, RespConnection Connection, ServerIdentity Identity)> _posts = [];
    private readonly List<(ServerConnector Side, ClusterTopology Topology, SlotMap Slots)> _slots = [];
    private readonly CancellationTokenSource _broken = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Turn _oneLook = new();
    private Task _watching = Task.CompletedTask;
    private string? _trouble;

    /// <param name="fence">What stands.</param>
    /// <param name="sides">Both sides.</param>
    /// <param name="time">The clock of the run.</param>
    public FenceGuard(IFence fence, IReadOnlyList<ServerConnector> sides, TimeProvider time)
    {
        _fence = fence;
        _sides = sides;
        _time = time;
    }

    /// <summary>Cancelled when the fence does not hold any more.</summary>
    public CancellationToken Broken => _broken.Token;

    /// <summary>Why it does not, or <see langword="null"/>.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Notes who stands on both sides; before the fence is raised.</summary>
    /// <exception cref="CutoverFailedException">A server is a replica.</exception>
    public async ValueTask PrepareAsync(CancellationToken stop)
    {
        foreach (var side in _sides)
        {
            if (side.Topology is { } topology)
            {
                _slots.Add((side, topology, await topology.RefreshAsync(stop)));
            }
        }

        foreach (var server in _sides.SelectMany(static side => side.Nodes))
        {
            var connection = await server.ConnectAsync("guard", stop);
            _posts.Add((server, connection, await ServerConnector.IdentifyAsync(connection, stop)));
            if (_posts[^1].Identity.IsReplica)
            {
                throw new CutoverFailedException($"the {server.Role} {server.Endpoint} is a replica now");
            }
        }
    }

    /// <summary>Begins to watch, after a first look.</summary>
    /// <exception cref="CutoverFailedException">It does not hold.</exception>
    public async ValueTask BeginAsync(CancellationToken stop)
    {
        if (await LookAsync(stop) is { } trouble)
        {
            throw new CutoverFailedException(trouble);
        }

        _watching = WatchAsync();
    }

    /// <summary>Looks once, now, for as long as somebody watches: the last thing before the switch, and the first one after it. What cannot be seen counts as broken.</summary>
    /// <returns>Why it does not hold, or <see langword="null"/>.</returns>
    public async ValueTask<string?> LookNowAsync(CancellationToken stop)
    {
        using var late = new CancellationTokenSource(LookPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            if (
                Trouble is null
                && !_stop.IsCancellationRequested
                && (await LookAsync(either.Token) ?? await MovedAsync(stop)) is { } trouble
            )
            {
                Break(trouble);
            }
        }
        catch (Exception lost) when (lost is IOException or ServerErrorException or KeyferryException or OperationCanceledException)
        {
            Break(lost.Message);
        }

        return Trouble;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _watching;
        foreach (var (_, connection, _) in _posts)
        {
            await connection.DisposeAsync();
        }

        _posts.Clear();
        _slots.Clear();
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, _time, _stop.Token);
                if (await LookAsync(_stop.Token) is { } trouble)
                {
                    Break(trouble);
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception lost) when (lost is IOException or ServerErrorException or KeyferryException)
        {
            Break(lost.Message);
        }
    }

    private void Break(string trouble)
    {
        Volatile.Write(ref _trouble, trouble);
        _broken.Cancel();
    }

    private async ValueTask<string?> LookAsync(CancellationToken stop)
    {
        await _oneLook.EnterAsync(stop);
        try
        {
            return await TroubleNowAsync(stop);
        }
        finally
        {
            _oneLook.Leave();
        }
    }

    private async ValueTask<string?> TroubleNowAsync(CancellationToken stop)
    {
        if (await _fence.CheckAsync(stop) is { } trouble)
        {
            return trouble;
        }

        foreach (var (server, connection, before) in _posts)
        {
            var now = await ServerConnector.IdentifyAsync(connection, stop);
            if (now.RunId != before.RunId)
            {
                return $"the {server.Role} {server.Endpoint} was restarted";
            }

            if (now.IsReplica || now.ReplicationId != before.ReplicationId)
            {
                return $"the {server.Role} {server.Endpoint} failed over";
            }
        }

        return null;
    }

    /// <summary>Asks each side whether its keys are still served by those on which the guard stands.</summary>
    private async ValueTask<string?> MovedAsync(CancellationToken stop)
    {
        foreach (var (side, topology, before) in _slots)
        {
            if (await topology.HaveMovedAsync(before, stop))
            {
                return $"the {side.Role} {side.Endpoint} failed over, or slots have moved";
            }
        }

        return null;
    }
}
