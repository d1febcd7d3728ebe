using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Cutover;

/// <summary>Watches a fence, and the servers on both sides of it, for as long as it stands: a failover or a restart lifts a fence silently.</summary>
/// <remarks><b>Promises.</b> From <see cref="BeginAsync"/> on, another process or another role behind an address of either side, a lost connection, or whatever the fence itself
/// notices, cancels <see cref="Broken"/> within a tenth of a second or so.</remarks>
internal sealed class FenceGuard : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>How long one look may take that somebody waits for.</summary>
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(2);

    private readonly IFence _fence;
    private readonly IReadOnlyList<ServerConnector> _servers;
    private readonly TimeProvider _time;
    private readonly List<(RespConnection Connection, ServerIdentity Identity)> _posts = [];
    private readonly CancellationTokenSource _broken = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Turn _oneLook = new();
    private Task _watching = Task.CompletedTask;
    private string? _trouble;

    /// <param name="fence">What stands.</param>
    /// <param name="servers">The primaries of both sides.</param>
    /// <param name="time">The clock of the run.</param>
    public FenceGuard(IFence fence, IReadOnlyList<ServerConnector> servers, TimeProvider time)
    {
        _fence = fence;
        _servers = servers;
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
        foreach (var server in _servers)
        {
            var connection = await server.ConnectAsync("guard", stop);
            _posts.Add((connection, await ServerConnector.IdentifyAsync(connection, stop)));
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
            if (Trouble is null && !_stop.IsCancellationRequested && await LookAsync(either.Token) is { } trouble)
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
        foreach (var (connection, _) in _posts)
        {
            await connection.DisposeAsync();
        }

        _posts.Clear();
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

        for (var i = 0; i < _posts.Count; i++)
        {
            var (connection, before) = _posts[i];
            var now = await ServerConnector.IdentifyAsync(connection, stop);
            if (now.RunId != before.RunId)
            {
                return $"the {_servers[i].Role} {_servers[i].Endpoint} was restarted";
            }

            if (now.IsReplica || now.ReplicationId != before.ReplicationId)
            {
                return $"the {_servers[i].Role} {_servers[i].Endpoint} failed over";
            }
        }

        return null;
    }
}
