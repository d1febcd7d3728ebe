using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Cutover;

/// <summary>After a switch: notices clients that go on writing to the old side, and names them.</summary>
/// <remarks>
/// <para>Two ways to see them. <b>The slow log</b>, where it may be set: it names whoever has sent a command, however short the connection was. <b><c>CLIENT LIST</c></b>, often, where it
/// may not: that shows the last command of each client that is connected at the moment, so that one which connects, writes and leaves is mostly not seen; the server's own count
/// of changes tells that there was one, where nobody else writes there.</para>
/// </remarks>
/// <param name="server">Connections to the old side.</param>
/// <param name="log">Its slow log.</param>
/// <param name="told">What there is to tell.</param>
internal sealed class StrayWriters(ServerConnector server, SlowLog log, StrayTold told)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>Rests so many times as long as a look took: a list of thousands of clients costs the server milliseconds.</summary>
    private const int Rest = 19;

    /// <summary>Commands that write on a server whose list of them may not be asked for.</summary>
    private static readonly string[] Common = ["set", "del", "unlink", "incr", "expire", "hset", "lpush", "rpush", "sadd", "zadd", "xadd"];

    /// <summary>What the list of commands does not call a write, and may be one.</summary>
    private static readonly string[] Scripts = ["eval", "evalsha", "fcall"];

    private readonly StrayTale _tale = new($"the old side {server.Endpoint}", told.Tell);
    private HashSet<string> _writes = [];
    private readonly TaskCompletionSource _begun = new();
    private bool _saidHow;

    /// <summary>Completes when whoever writes from then on is seen, as far as the server lets it.</summary>
    public Task Begun => _begun.Task;

    /// <summary>Watches until <paramref name="stop"/>. A server that is away is tried again.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await TryWatchAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        finally
        {
            await EndAsync();
        }
    }

    private async Task TryWatchAsync(CancellationToken stop)
    {
        try
        {
            await told.UntilStrangeAsync(stop);
            await using var connection = await server.ConnectAsync("stray", stop);
            _writes = await WritesAsync(connection, stop);
            var against = await log.OpenAsync(connection, stop);
            SayHow(against);
            _ = _begun.TrySetResult();
            await (against is null ? WatchLogAsync(connection, stop) : WatchListAsync(connection, stop));
            await EndAsync();
        }
        catch (Exception away) when (away is IOException or KeyferryException)
        {
            await Task.Delay(Pause, told.Time, stop);
        }
        catch (ServerErrorException refused)
        {
            _ = _begun.TrySetResult();
            told.Tell($"Who still writes to the old side {server.Endpoint} cannot be seen: {refused.Reply}");
            await Task.Delay(Timeout.InfiniteTimeSpan, told.Time, stop);
        }
    }

    private void SayHow(string? against)
    {
        if (!_saidHow)
        {
            _saidHow = true;
            told.Note(
                against is null
                    ? $"Clients that still write to the old side {server.Endpoint} are named by its slow log, which lists every command meanwhile; to be put back."
                    : $"Clients that still write to the old side {server.Endpoint} are looked for in CLIENT LIST; one that connects, writes and leaves within milliseconds is mostly not seen there ({against})."
            );
        }
    }

    private async Task WatchLogAsync(RespConnection connection, CancellationToken stop)
    {
        var missed = 0L;
        while (told.AreStrange)
        {
            foreach (var (at, client) in await log.ReadAsync(connection, stop))
            {
                if (_writes.Contains(client.Command))
                {
                    _tale.Saw(_tale.Knows(client) ? client : await WithUserAsync(connection, client, stop), at);
                }
            }

            if (missed == 0 && log.Missed > 0)
            {
                told.Tell(
                    $"More commands ran on the old side {server.Endpoint} at once than its slow log holds, those of the comparison included: some who write there may not be named."
                );
            }

            missed = log.Missed;
            await Task.Delay(log.IsBusy ? Glance : Interval, told.Time, stop);
        }
    }

    private async Task WatchListAsync(RespConnection connection, CancellationToken stop)
    {
        var before = await SourceMark.TakeAsync(connection, stop);
        while (told.AreStrange)
        {
            var since = told.Time.GetTimestamp();
            foreach (var client in await SourceClients.ListAsync(connection, stop))
            {
                if (client.IdleSeconds <= 1 && _writes.Contains(client.Command.Split('|')[0]))
                {
                    _tale.Saw(client, at: null);
                }
            }

            var rest = told.Time.GetElapsedTime(since) * Rest;
            await Task.Delay(rest > Glance ? rest : Glance, told.Time, stop);
            if (told.IsAlone)
            {
                before = await CountAsync(connection, before, stop);
            }
        }
    }

    /// <summary>Where nobody was seen although the server counts changes.</summary>
    private async ValueTask<SourceMark> CountAsync(RespConnection connection, SourceMark before, CancellationToken stop)
    {
        var now = await SourceMark.TakeAsync(connection, stop);
        if (_tale.IsEmpty && before.CountsWritesUntil(now))
        {
            told.Tell(
                $"The old side {server.Endpoint} has counted {now.Changes - before.Changes:#,0} changes after the switch by a client that was gone before it could be seen: what it writes there is not on the new one."
            );
            return now;
        }

        return _tale.IsEmpty ? before : now;
    }

    /// <summary>The slow log does not tell as whom a client has logged in; who is still there is asked for.</summary>
    private static async ValueTask<SourceClient> WithUserAsync(RespConnection connection, SourceClient client, CancellationToken stop)
    {
        try
        {
            var clients = await SourceClients.ListAsync(connection, stop);
            return client with { User = clients.FirstOrDefault(one => one.Address == client.Address)?.User ?? "" };
        }
        catch (ServerErrorException)
        {
            // Named by its address all the same.
            return client;
        }
    }

    private static async ValueTask<HashSet<string>> WritesAsync(RespConnection connection, CancellationToken stop)
    {
        var reply = await connection.TryCallAsync(stop, "COMMAND");
        var writes = reply.IsError
            ? Common
            : reply
                .Items.Where(static item => item.Items.Count > 2 && item.Items[2].Items.Any(static flag => flag.Text == "write"))
                .Select(static item => item.Items[0].Text);
        return new HashSet<string>(writes.Concat(Scripts), StringComparer.OrdinalIgnoreCase);
    }

    private async ValueTask EndAsync()
    {
        _tale.End();
        if (await log.PutBackAsync() is { } outcome)
        {
            told.Note(outcome.Words);
        }
    }
}
