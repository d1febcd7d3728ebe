using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Capture;

/// <summary>A capture that listens on a connection of its own; what is said on it is the dialect's affair.</summary>
/// <remarks>
/// <para><b>In the data path.</b> First. It marks keys; it reads no values and writes nothing to the source but pings on its own connection.</para>
/// <para><b>Promises.</b> From <see cref="ArmAsync"/> on, every write that the dialect is told of marks its key, or a gap is noted. A pong comes after every message
/// that the server queued before it, which is how <see cref="CatchUpAsync"/> knows. The same ping, every second, tells a half-open connection from a quiet one.</para>
/// <para><b>Concurrency.</b> One task listens, one pings; anybody may ask to catch up.</para>
/// </remarks>
/// <param name="connector">Connections to the source.</param>
/// <param name="dialect">How changes are asked for and told.</param>
/// <param name="sink">Where the changes go.</param>
/// <param name="outageBudget">How long the source may stay away.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class ListeningCapture(
    ServerConnector connector,
    ICaptureDialect dialect,
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
    private readonly HeardMark _mark = new();
    private RespConnection? _connection;
    private long _pinged;
    private long _ponged;
    private long _lost;
    private long _loggedIn;
    private long _armed;
    private bool _gaveUp;
    private byte[]? _probe;
    private bool _probeSeen;

    /// <summary>What the source counts of clients that it cuts off; whoever else asks the source for it adds what it sees.</summary>
    public BufferCuts Cuts { get; init; } = new();

    /// <inheritdoc/>
    public string Description => dialect.Description;

    /// <inheritdoc/>
    public bool Listens => true;

    /// <inheritdoc/>
    public long? HeardUpTo => _mark.UpTo;

    /// <inheritdoc/>
    public async ValueTask ArmAsync(CancellationToken stop)
    {
        await dialect.PrepareAsync(stop);
        var began = time.GetTimestamp();
        var connection = await connector.ConnectAsync("capture", stop, subscription: true);
        try
        {
            using var patience = new CancellationTokenSource(PongPatience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
            await CountCutsAsync(connection, either.Token);
            await dialect.SubscribeAsync(connection, either.Token);
        }
        catch (Exception failed)
        {
            await connection.DisposeAsync();
            throw failed switch
            {
                IOException lost => ConnectionTrouble.Greeting(lost, connector.Endpoint, connector.Role),
                OperationCanceledException when !stop.IsCancellationRequested => ConnectionTrouble.Greeting(
                    new IOException("the subscription was not answered"),
                    connector.Endpoint,
                    connector.Role
                ),
                _ => failed,
            };
        }

        _mark.Listens(began);
        Interlocked.Exchange(ref _ponged, Interlocked.Read(ref _pinged));
        Volatile.Write(ref _loggedIn, time.GetTimestamp());
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
            CaptureLoss? loss = null;
            try
            {
                await ListenAsync(connection, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // The run is over; nothing has been missed.
                loss = null;
            }
            catch (IOException lost)
            {
                loss = CaptureLoss.Of(
                    lost,
                    Math.Max(_mark.UpTo ?? 0, _armed),
                    Cuts,
                    Volatile.Read(ref _gaveUp) ? null : dialect.BufferClass
                );
                sink.MayHaveMissed(loss.Reason, _mark.UpTo, loss.Cause);
            }

            either.Cancel();
            connection.Reset();
            await pinging;
            await _sending.WaitAsync(CancellationToken.None);
            Volatile.Write(ref _connection, null);
            await connection.DisposeAsync();
            _ = _sending.Release();
            _ = Interlocked.Increment(ref _lost);
            _heard.Set();
            if (loss is not null && !stop.IsCancellationRequested)
            {
                await ArmAgainAsync(loss, stop);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask CatchUpAsync(CancellationToken stop)
    {
        var proofs = 0;
        while (proofs < dialect.PongsPerProof)
        {
            if (await TryHearPongAsync(stop))
            {
                proofs++;
                continue;
            }

            proofs = 0;
            await Task.Delay(FirstPause, time, stop);
        }
    }

    /// <returns>Whether a ping sent by this call was answered on the same connection.</returns>
    private async ValueTask<bool> TryHearPongAsync(CancellationToken stop)
    {
        var lost = Interlocked.Read(ref _lost);
        var token = await TryPingAsync(stop);
        while (token > 0)
        {
            var heard = _heard.Next();
            if (Interlocked.Read(ref _lost) != lost)
            {
                return false;
            }

            if (Interlocked.Read(ref _ponged) >= token)
            {
                return Interlocked.Read(ref _lost) == lost;
            }

            await heard.WaitAsync(stop);
        }

        return false;
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

    private async Task ArmAgainAsync(CaptureLoss loss, CancellationToken stop)
    {
        var since = time.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 > LongestPause ? LongestPause : pause * 2)
        {
            try
            {
                await Task.Delay(pause, time, stop);
                await ArmAsync(stop);
                // The blind time ends only now: a rescan that began before must not count for it.
                sink.MayHaveMissed(loss.Told(Cuts, dialect.BufferClass), _mark.UpTo, loss.Cause);
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

    /// <summary>Takes up what the source counts, while the connection is certainly not cut off.</summary>
    private async ValueTask CountCutsAsync(RespConnection connection, CancellationToken stop)
    {
        var said = await connection.TryCallAsync(stop, "INFO");
        var answered = time.GetTimestamp();
        if (!said.IsError)
        {
            Cuts.Seen(ServerIdentity.Parse(said.Text), answered);
        }

        _armed = answered;
        Volatile.Write(ref _gaveUp, false);
    }

    private async Task ListenAsync(RespConnection connection, CancellationToken stop)
    {
        while (true)
        {
            var token = dialect.Hear((await connection.ReadAsync(stop)).Span, sink, OnOwnKey);
            if (token > 0)
            {
                _mark.Answered(token, time.GetTimestamp());
                Interlocked.Exchange(ref _ponged, token);
                _heard.Set();
            }
        }
    }

    private void OnOwnKey(ReadOnlySpan<byte> key)
    {
        if (Volatile.Read(ref _probe) is { } probe && key.SequenceEqual(probe))
        {
            Volatile.Write(ref _probeSeen, true);
            _heard.Set();
        }
    }

    private async Task PingAsync(RespConnection connection, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(PingInterval, time, stop);
                await RenewLoginAsync(stop);
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
                        Volatile.Write(ref _gaveUp, true);
                        connection.Reset();
                        return;
                    }

                    await HeardAsync(heard, left, stop);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Listening has ended, and pinging with it.
            return;
        }
        catch (KeyferryException)
        {
            // No password can be made for a new login: the next one, after the connection is lost, says so.
            connection.Reset();
            return;
        }
    }

    /// <summary>Logs in anew on the listening connection before the server would cut it: no moment is missed.</summary>
    /// <remarks>A refusal is heard by the listener, which takes the connection for lost.</remarks>
    private async Task RenewLoginAsync(CancellationToken stop)
    {
        if (connector.Renewal is not { } after || time.GetElapsedTime(Volatile.Read(ref _loggedIn)) < after)
        {
            return;
        }

        var login = await connector.LoginAsync(stop);
        await _sending.WaitAsync(CancellationToken.None);
        try
        {
            if (login is not null && Volatile.Read(ref _connection) is { } connection)
            {
                connection.Write(login);
                await connection.FlushAsync(stop);
                Volatile.Write(ref _loggedIn, time.GetTimestamp());
            }
        }
        catch (IOException)
        {
            // The listener sees the same loss and says so.
            return;
        }
        finally
        {
            _ = _sending.Release();
        }
    }

    /// <summary>Waits until something was heard, but no longer than <paramref name="most"/>.</summary>
    private async Task HeardAsync(Task heard, TimeSpan most, CancellationToken stop)
    {
        try
        {
            await heard.WaitAsync(most, time, stop);
        }
        catch (TimeoutException)
        {
            // The caller looks at the time itself.
            return;
        }
    }

    /// <returns>The ping's token, or 0 where there is no connection to ping on.</returns>
    private async ValueTask<long> TryPingAsync(CancellationToken stop)
    {
        await _sending.WaitAsync(CancellationToken.None);
        try
        {
            if (Volatile.Read(ref _connection) is not { } connection)
            {
                return 0;
            }

            var token = Interlocked.Increment(ref _pinged);
            _mark.Asked(token, time.GetTimestamp());
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
}
