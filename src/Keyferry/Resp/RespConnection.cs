using System.Text;
using Keyferry.Model;

namespace Keyferry.Resp;

/// <summary>One RESP conversation with one server: commands go out through <see cref="Output"/>, replies come back in the order of the commands.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Below everything that talks to a server; knows no command.</para>
/// <para><b>Promises.</b> Nothing is sent twice and nothing is reconnected behind the caller's back: after a failure the connection stays broken, so that the
/// caller can tell what was in flight.</para>
/// <para><b>Concurrency.</b> One writer (<see cref="Output"/> and <see cref="FlushAsync"/>) and one reader (<see cref="ReadAsync"/>) at a time; the two may be
/// different tasks. <see cref="Reset"/> may be called by anybody.</para>
/// </remarks>
internal sealed class RespConnection : IAsyncDisposable
{
    /// <summary>Sent at a time: small enough that a slow link gets it through within the patience, so that a longer silence is a stalled one.</summary>
    private const int Portion = 256 * 1024;

    private readonly ITransport _transport;
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;
    private readonly ITimer? _watch;
    private readonly RespInput _input = new();
    private long _waitingSince;
    private long _sendingSince;
    private int _silent;

    /// <summary>Takes over <paramref name="transport"/>.</summary>
    /// <param name="transport">An open stream on which nothing has been said yet.</param>
    /// <param name="endpoint">For messages.</param>
    /// <param name="time">The clock of the run.</param>
    /// <param name="patience">How long a reader waits for bytes, and a writer for the server to take some, before the connection counts as lost; infinite for
    /// subscriptions, whose silence is normal.</param>
    public RespConnection(ITransport transport, Endpoint endpoint, TimeProvider time, TimeSpan patience)
    {
        _transport = transport;
        Endpoint = endpoint;
        _time = time;
        _patience = patience;
        if (patience != Timeout.InfiniteTimeSpan)
        {
            var period = TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond * 50, patience.Ticks / 8));
            _watch = time.CreateTimer(static state => (state as RespConnection)?.CheckPatience(), this, period, period);
        }
    }

    /// <summary>Who is at the other end.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>Commands on their way out.</summary>
    public RespOutput Output { get; } = new();

    /// <summary>The server's id of this connection (<c>CLIENT ID</c>), or 0 where it is not known.</summary>
    public long ClientId { get; set; }

    /// <summary>Keeps count of calls that <see cref="TryCallAsync"/> makes; <see langword="null"/> for none.</summary>
    public OwnCalls? Counted { get; set; }

    /// <summary>Bytes received so far.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>Bytes sent so far.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Whether a reply can be read without waiting (perhaps in part).</summary>
    public bool HasBufferedInput => _input.HasMore;

    /// <summary>Sends what was written.</summary>
    /// <exception cref="IOException">The connection is lost; what of it was executed is not known.</exception>
    public async ValueTask FlushAsync(CancellationToken stop)
    {
        if (Output.Length == 0)
        {
            return;
        }

        var left = Output.Pending;
        try
        {
            while (!left.IsEmpty)
            {
                // Nobody may be reading meanwhile: without a look at the time here, a server that takes nothing would be waited for without end.
                Volatile.Write(ref _sendingSince, _time.GetTimestamp());
                var portion = left[..Math.Min(left.Length, Portion)];
                await _transport.SendAsync(portion, stop);
                left = left[portion.Length..];
            }
        }
        catch (IOException broken) when (Volatile.Read(ref _silent) != 0)
        {
            throw new IOException($"{Endpoint} has taken nothing for {_patience.TotalSeconds:0.#} s", broken);
        }
        finally
        {
            Volatile.Write(ref _sendingSince, 0);
        }

        BytesSent += Output.Length;
        Output.Clear();
    }

    /// <summary>Waits for the next whole reply or push. The returned bytes are valid until the next call.</summary>
    /// <exception cref="IOException">The connection is lost, closed by the server, silent for longer than its patience, or not speaking RESP.</exception>
    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken stop)
    {
        return _input.TryTake(out var frame) ? new ValueTask<ReadOnlyMemory<byte>>(frame) : ReceiveAsync(stop);
    }

    /// <summary>Takes a reply that has already arrived whole.</summary>
    public bool TryRead(out ReadOnlyMemory<byte> frame) => _input.TryTake(out frame);

    /// <summary>Sends one command and waits for its reply; for the cold paths.</summary>
    /// <returns>The reply, which may be an error reply.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    public ValueTask<RespValue> TryCallAsync(CancellationToken stop, params RespArgument[] command) =>
        Counted is { } counted && counted.Covers(command)
            ? counted.CountAsync(Endpoint.Host, Endpoint.Port, command, () => ExchangeAsync(command, stop))
            : ExchangeAsync(command, stop);

    private async ValueTask<RespValue> ExchangeAsync(RespArgument[] command, CancellationToken stop)
    {
        Write(command);
        await FlushAsync(stop);
        var frame = await ReadAsync(stop);
        return RespValue.Of(frame.Span);
    }

    /// <summary>Sends one command and waits for its reply; for the cold paths.</summary>
    /// <exception cref="ServerErrorException">The server refused it.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask<RespValue> CallAsync(CancellationToken stop, params RespArgument[] command)
    {
        var value = await TryCallAsync(stop, command);
        return value.IsError ? throw new ServerErrorException(value.Text, NameOf(command)) : value;
    }

    /// <summary>Writes one command without sending it.</summary>
    public void Write(params ReadOnlySpan<RespArgument> command)
    {
        Output.Command(command.Length);
        foreach (var argument in command)
        {
            Output.Bulk(argument.Bytes.Span);
        }
    }

    /// <summary>Drops the connection abruptly; reads and writes under way fail.</summary>
    public void Reset() => _transport.Reset();

    /// <summary>Closes the connection and returns its buffers. No read or write may be under way.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_watch is not null)
        {
            await _watch.DisposeAsync();
        }

        await _transport.DisposeAsync();
        Output.Dispose();
        _input.Dispose();
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken stop)
    {
        Volatile.Write(ref _waitingSince, _time.GetTimestamp());
        try
        {
            while (true)
            {
                var received = await _transport.ReceiveAsync(_input.Free(), stop);
                if (received == 0)
                {
                    throw new EndOfStreamException($"{Endpoint} closed the connection");
                }

                BytesReceived += received;
                _input.Received(received);
                if (_input.TryTake(out var frame))
                {
                    return frame;
                }

                Volatile.Write(ref _waitingSince, _time.GetTimestamp());
            }
        }
        catch (IOException broken) when (Volatile.Read(ref _silent) != 0)
        {
            throw new IOException($"{Endpoint} has sent nothing for {_patience.TotalSeconds:0.#} s", broken);
        }
        finally
        {
            Volatile.Write(ref _waitingSince, 0);
        }
    }

    private void CheckPatience()
    {
        if (IsOver(Volatile.Read(ref _waitingSince)) || IsOver(Volatile.Read(ref _sendingSince)))
        {
            Volatile.Write(ref _silent, 1);
            _transport.Reset();
        }
    }

    private bool IsOver(long since) => since != 0 && _time.GetElapsedTime(since) >= _patience;

    /// <summary>The command's name and, for the container commands, its subcommand: never a key.</summary>
    private static string NameOf(RespArgument[] command)
    {
        var name = Encoding.UTF8.GetString(command[0].Bytes.Span);
        return
            name is "CLIENT" or "CONFIG" or "SCRIPT" or "CLUSTER" or "SENTINEL" or "ACL" or "XINFO" or "OBJECT" or "MEMORY"
            && command.Length > 1
            ? $"{name} {Encoding.UTF8.GetString(command[1].Bytes.Span)}"
            : name;
    }
}
