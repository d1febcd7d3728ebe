using System.Buffers.Text;
using System.Text;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Capture;

/// <summary>Listens to the keyspace notifications of one server.</summary>
/// <remarks>
/// <para><b>In the data path.</b> First. It marks keys; it reads no values and writes nothing to the source but pings on its own connection.</para>
/// <para><b>Promises.</b> From <see cref="ArmAsync"/> on, every write that raises an event marks its key, or a gap is noted. A pong comes after every message that
/// the server queued before it, which is how <see cref="CatchUpAsync"/> knows. The same ping, every second, tells a half-open connection from a quiet one.</para>
/// <para><b>Does not promise.</b> Anything for writes that raise no event (flushes, SWAPDB, consumer groups): the watch over the source notices those.</para>
/// <para><b>Concurrency.</b> One task listens, one pings; anybody may ask to catch up.</para>
/// </remarks>
/// <param name="connector">Connections to the source.</param>
/// <param name="prepare">Makes sure, before each subscription, that the source raises the events; on the source that it is given.</param>
/// <param name="pattern">The channels: <see cref="NotificationMessage.EventPattern"/> or <see cref="NotificationMessage.KeyPattern"/>.</param>
/// <param name="sink">Where the changes go.</param>
/// <param name="outageBudget">How long the source may stay away.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class NotificationCapture(
    ServerConnector connector,
    Func<CancellationToken, ValueTask> prepare,
    string pattern,
    IChangeSink sink,
    TimeSpan outageBudget,
    TimeProvider time
) : ICapture
{
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PongPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Pulse _heard = new();
    private RespConnection? _connection;
    private long _pinged;
    private long _ponged;
    private long _lost;
    private byte[]? _probe;
    private bool _probeSeen;

    /// <inheritdoc/>
    public string Description => $"keyspace notifications, one subscription to {pattern}";

    /// <inheritdoc/>
    public async ValueTask ArmAsync(CancellationToken stop)
    {
        await prepare(stop);
        var connection = await connector.ConnectAsync("capture", stop, subscription: true);
        try
        {
            connection.Write("PSUBSCRIBE", pattern);
            await connection.FlushAsync(stop);
            using var patience = new CancellationTokenSource(PongPatience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
            var reply = RespValue.Of((await connection.ReadAsync(either.Token)).Span);
            if (reply.IsError)
            {
                throw Refused(reply.Text);
            }
        }
        catch (Exception failed)
        {
            await connection.DisposeAsync();
            throw failed switch
            {
                IOException lost => ConnectionTrouble.Greeting(lost, connector.Endpoint, connector.Role),
                OperationCanceledException when !stop.IsCancellationRequested => ConnectionTrouble.Greeting(
                    new IOException("PSUBSCRIBE was not answered"),
                    connector.Endpoint,
                    connector.Role
                ),
                _ => failed,
            };
        }

        Interlocked.Exchange(ref _ponged, Interlocked.Read(ref _pinged));
        Volatile.Write(ref _connection, connection);
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var connection = _connection ?? throw new InvalidOperationException("a capture is armed before it runs");
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var pinging = PingAsync(connection, either.Token);
            var reason = "";
            try
            {
                await ListenAsync(connection, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // The run is over; nothing has been missed.
                reason = "";
            }
            catch (IOException lost)
            {
                reason = $"the capture's connection to the source was lost: {lost.Message}";
                sink.MayHaveMissed(reason);
            }

            await either.CancelAsync();
            connection.Reset();
            await pinging;
            await _sending.WaitAsync(CancellationToken.None);
            Volatile.Write(ref _connection, null);
            await connection.DisposeAsync();
            _ = _sending.Release();
            _ = Interlocked.Increment(ref _lost);
            _heard.Set();
            if (!stop.IsCancellationRequested)
            {
                await ArmAgainAsync(reason, stop);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask CatchUpAsync(CancellationToken stop)
    {
        while (true)
        {
            var lost = Interlocked.Read(ref _lost);
            var token = await TryPingAsync(stop);
            while (token > 0 && Interlocked.Read(ref _lost) == lost)
            {
                var heard = _heard.Next();
                if (Interlocked.Read(ref _ponged) >= token)
                {
                    return;
                }

                if (Interlocked.Read(ref _lost) == lost)
                {
                    await heard.WaitAsync(stop);
                }
            }

            await Task.Delay(FirstPause, time, stop);
        }
    }

    /// <inheritdoc/>
    public async Task SeesAsync(byte[] probe, CancellationToken stop)
    {
        Volatile.Write(ref _probeSeen, false);
        Volatile.Write(ref _probe, probe);
        while (true)
        {
            var heard = _heard.Next();
            if (Volatile.Read(ref _probeSeen))
            {
                return;
            }

            await heard.WaitAsync(stop);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            await connection.DisposeAsync();
        }

        _sending.Dispose();
    }

    private async Task ArmAgainAsync(string reason, CancellationToken stop)
    {
        var since = time.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 > LongestPause ? LongestPause : pause * 2)
        {
            try
            {
                await Task.Delay(pause, time, stop);
                await ArmAsync(stop);
                // The blind time ends only now: a rescan that began before must not count for it.
                sink.MayHaveMissed(reason);
                return;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception away) when (away is KeyferryException { Kind: FailureKind.Unreachable } or IOException)
            {
                if (time.GetElapsedTime(since) > outageBudget)
                {
                    throw;
                }
            }
        }
    }

    private async Task ListenAsync(RespConnection connection, CancellationToken stop)
    {
        while (true)
        {
            Hear((await connection.ReadAsync(stop)).Span);
        }
    }

    private void Hear(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        if (reader.IsError)
        {
            throw new IOException($"the subscription was refused: {reader.Text}");
        }

        var count = reader.Count;
        if (count == 0)
        {
            return;
        }

        reader.Require();
        if (count == 4 && reader.Bytes.SequenceEqual("pmessage"u8))
        {
            reader.Require();
            reader.Require();
            var channel = reader.Bytes;
            reader.Require();
            HearMessage(channel, reader.Bytes);
        }
        else if (count == 2 && reader.Bytes.SequenceEqual("pong"u8))
        {
            reader.Require();
            if (Utf8Parser.TryParse(reader.Bytes, out long token, out _))
            {
                Interlocked.Exchange(ref _ponged, token);
                _heard.Set();
            }
        }
    }

    private void HearMessage(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload)
    {
        if (!NotificationMessage.TryParse(channel, payload, out var database, out var what, out var key))
        {
            return;
        }

        // A miss is a read of a key that is not there: nothing has changed, and the source need never have had it.
        if (what.SequenceEqual("keymiss"u8))
        {
            return;
        }

        if (ReservedKeys.Contains(key))
        {
            if (Volatile.Read(ref _probe) is { } probe && key.SequenceEqual(probe))
            {
                Volatile.Write(ref _probeSeen, true);
                _heard.Set();
            }

            return;
        }

        if (what.SequenceEqual("expired"u8))
        {
            sink.Expired(database, key);
        }
        else
        {
            sink.Changed(database, key);
        }
    }

    private async Task PingAsync(RespConnection connection, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(PingInterval, time, stop);
                var asked = await TryPingAsync(stop);
                var since = time.GetTimestamp();
                while (Interlocked.Read(ref _ponged) < asked)
                {
                    var heard = _heard.Next();
                    if (Interlocked.Read(ref _ponged) >= asked)
                    {
                        break;
                    }

                    var left = PongPatience - time.GetElapsedTime(since);
                    if (left <= TimeSpan.Zero)
                    {
                        connection.Reset();
                        return;
                    }

                    await Task.WhenAny(heard, Task.Delay(left, time, stop));
                    stop.ThrowIfCancellationRequested();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Listening has ended, and pinging with it.
            return;
        }
    }

    /// <returns>The ping's token, or 0 where there is no connection to ping on.</returns>
    private async ValueTask<long> TryPingAsync(CancellationToken stop)
    {
        await _sending.WaitAsync(stop);
        try
        {
            if (Volatile.Read(ref _connection) is not { } connection)
            {
                return 0;
            }

            var token = Interlocked.Increment(ref _pinged);
            connection.Write("PING", token);
            await connection.FlushAsync(stop);
            return token;
        }
        catch (IOException)
        {
            // The listener sees the same loss and says so.
            return 0;
        }
        finally
        {
            _ = _sending.Release();
        }
    }

    private KeyferryException Refused(string reply) =>
        reply.StartsWith("NOPERM", StringComparison.Ordinal)
            ? new KeyferryException(
                FailureKind.Refused,
                $"The {connector.Role} does not let this user subscribe to {pattern}: {reply}.",
                $"Give the user +psubscribe and the channel right &{pattern} (channel rights match a pattern literally)."
            )
            : new KeyferryException(
                FailureKind.Refused,
                $"The {connector.Role} cannot send keyspace notifications: {reply}.",
                "Serverless caches and some proxies have no PSUBSCRIBE; copy with --mode snapshot there."
            );
}
