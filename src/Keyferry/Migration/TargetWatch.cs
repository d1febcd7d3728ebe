using Keyferry.Capture;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Watches a node of the target for what it does not tell whoever listens to it: databases that come into use, flushes, and flags that are taken away.</summary>
/// <param name="node">Connections to the node.</param>
/// <param name="tracking">Wants to know of databases that come into use; <see langword="null"/> where the capture tells databases, or only some are the run's.</param>
/// <param name="family">The channels that are listened to; <see langword="null"/> where no flags are needed.</param>
/// <param name="sink">Where losses go.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class TargetWatch(
    ServerConnector node,
    TrackingDialect? tracking,
    ChannelFamily? family,
    IChangeSink sink,
    TimeProvider time
) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly string[] SilentCommands = ["flushall", "flushdb", "swapdb"];

    private readonly Turn _turn = new();
    private RespConnection? _connection;
    private long[]? _calls;

    /// <summary>Looks every second until <paramref name="stop"/>.</summary>
    /// <exception cref="KeyferryException">The node does not tell any more.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(Interval, time, stop);
                await LookNowAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Looks now. Where the node is away, that is a loss.</summary>
    /// <exception cref="KeyferryException">The node does not tell any more.</exception>
    public async ValueTask LookNowAsync(CancellationToken stop)
    {
        await _turn.EnterAsync(stop);
        try
        {
            _connection ??= await node.ConnectAsync("watch", stop);
            await LookAsync(_connection, stop);
        }
        catch (Exception away) when (away is IOException or ServerErrorException or KeyferryException { Kind: FailureKind.Unreachable })
        {
            sink.MayHaveMissed(away.Message);
            await DisposeAsync();
        }
        finally
        {
            _turn.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var connection = _connection;
        _connection = null;
        await (connection?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async ValueTask LookAsync(RespConnection connection, CancellationToken stop)
    {
        var stats = await connection.TryCallAsync(stop, "INFO", "commandstats");
        if (!stats.IsError)
        {
            var calls = CommandCounts.Of(stats.Text);
            long[] now = [.. SilentCommands.Select(command => calls.GetValueOrDefault(command))];
            if (_calls is { } before && !now.AsSpan().SequenceEqual(before))
            {
                sink.MayHaveMissed("everything was changed at once on the target");
            }

            _calls = now;
        }

        if (tracking is not null)
        {
            var identity = await ServerConnector.IdentifyAsync(connection, stop);
            foreach (var database in identity.Keyspace.Keys)
            {
                if (tracking.UseDatabase(database))
                {
                    sink.MayHaveMissed($"database {database} came into use on the target");
                }
            }
        }

        if (
            family is { } listened
            && await FlagReading.AskAsync(connection, stop) is FlagReading.Known told
            && !told.Flags.Covers(NotificationFlags.Needed(listened))
        )
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The notification flags of {node.Endpoint} were taken away, so that it does not tell of every change any more.",
                "Set them again, and start the comparison anew."
            );
        }
    }
}
