using System.Net.Sockets;

namespace Keyferry.Integration.Faults;

/// <summary>One direction of the proxy: what is done to the bytes that go this way, on every connection, now and later.</summary>
/// <remarks>Set by the test, read by the pumps of all connections. A change takes effect with the next chunk of bytes.</remarks>
internal sealed class Flow
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _stalled;
    private long _allowance = long.MaxValue;

    /// <summary>Added before each chunk is passed on.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Bytes that a second lets through, or 0 for no limit.</summary>
    public int BytesPerSecond { get; set; }

    /// <summary>Bytes passed on so far, over all connections.</summary>
    public long Passed { get; private set; }

    /// <summary>Holds every byte back while connections stay open: what a partition looks like from both ends.</summary>
    public void Stall()
    {
        lock (_gate)
        {
            _stalled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Lets bytes pass again; what was held back arrives now.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            _stalled?.SetResult();
            _stalled = null;
            _allowance = long.MaxValue;
            Delay = TimeSpan.Zero;
            BytesPerSecond = 0;
        }
    }

    /// <summary>Lets <paramref name="bytes"/> more bytes pass; the connection that sends the next one ends there.</summary>
    public void TruncateAfter(long bytes)
    {
        lock (_gate)
        {
            _allowance = bytes;
        }
    }

    /// <summary>Copies from one socket to the other until the sender closes its side, and passes that on too.</summary>
    /// <param name="ended">Completes when the connection is ended from outside; what is held back then is lost.</param>
    /// <returns>Whether the other direction may go on; not so after a truncation.</returns>
    public async Task<bool> PumpAsync(Socket from, Socket to, Task ended)
    {
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var received = await from.ReceiveAsync(buffer);
            await HoldAsync(received, ended);
            if (ended.IsCompleted)
            {
                return false;
            }

            if (received == 0)
            {
                to.Shutdown(SocketShutdown.Send);
                return true;
            }

            var allowed = Take(received);
            await SendAllAsync(to, buffer.AsMemory(0, allowed));
            if (allowed < received)
            {
                return false;
            }
        }
    }

    private static async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes)..];
        }
    }

    private async Task HoldAsync(int bytes, Task ended)
    {
        var delay = Delay + (BytesPerSecond > 0 ? TimeSpan.FromSeconds((double)bytes / BytesPerSecond) : TimeSpan.Zero);
        if (delay > TimeSpan.Zero)
        {
            await Task.WhenAny(Task.Delay(delay), ended);
        }

        while (!ended.IsCompleted && StalledNow() is { } stalled)
        {
            await Task.WhenAny(stalled, ended);
        }
    }

    private Task? StalledNow()
    {
        lock (_gate)
        {
            return _stalled?.Task;
        }
    }

    private int Take(int wanted)
    {
        lock (_gate)
        {
            var allowed = (int)Math.Min(wanted, _allowance);
            _allowance = _allowance == long.MaxValue ? long.MaxValue : _allowance - allowed;
            Passed += allowed;
            return allowed;
        }
    }
}
