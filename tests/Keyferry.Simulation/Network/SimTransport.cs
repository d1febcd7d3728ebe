using Keyferry.Resp;
using Keyferry.Simulation.Scheduling;

namespace Keyferry.Simulation.Network;

/// <summary>The engine's end of a link.</summary>
internal sealed class SimTransport(SimLink link, Dice dice) : ITransport
{
    private readonly ByteQueue _arrived = new();
    private TaskCompletionSource? _receiver;
    private TaskCompletionSource? _sender;
    private string? _broken;
    private bool _ended;
    private bool _left;

    /// <summary>Bytes that arrived and were not read.</summary>
    public int Unread => _arrived.Count;

    /// <inheritdoc/>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            ThrowIfBroken();
            if (_arrived.Count > 0 && buffer.Length > 0)
            {
                var count = Math.Min(buffer.Length, _arrived.Count);
                count = dice.Chance(0.05) ? dice.Between(1, count) : count;
                _arrived.Waiting[..count].CopyTo(buffer.Span);
                _arrived.Drop(count);
                link.ClientHasRead();
                return count;
            }

            if (_ended)
            {
                return 0;
            }

            if (_receiver is not null)
            {
                throw new InvalidOperationException("Two receivers on one transport.");
            }

            _receiver = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                await WaitAsync(_receiver, stop);
            }
            finally
            {
                _receiver = null;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (!bytes.IsEmpty)
        {
            stop.ThrowIfCancellationRequested();
            ThrowIfBroken();
            if (_ended)
            {
                throw new IOException("The server has closed the connection (simulated).");
            }

            var room = link.Window - link.Upstream.InFlight;
            if (room > 0)
            {
                var now = Math.Min(room, bytes.Length);
                link.Upstream.Send(bytes.Span[..now]);
                bytes = bytes[now..];
                continue;
            }

            if (_sender is not null)
            {
                throw new InvalidOperationException("Two senders on one transport.");
            }

            _sender = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                await WaitAsync(_sender, stop);
            }
            finally
            {
                _sender = null;
            }
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _broken ??= "The connection was reset by this side (simulated).";
        Leave(abrupt: true);
        Wake();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _broken ??= "The connection was closed by this side (simulated).";
        Leave(abrupt: false);
        Wake();
        return default;
    }

    /// <summary>Bytes of the server arrive.</summary>
    internal void Arrived(byte[] bytes)
    {
        if (_left)
        {
            return;
        }

        _arrived.Add(bytes);
        _ = _receiver?.TrySetResult();
    }

    /// <summary>There may be room to send again.</summary>
    internal void MaySend() => _ = _sender?.TrySetResult();

    /// <summary>Nothing more will come.</summary>
    internal void Ended(bool broken)
    {
        if (broken)
        {
            _broken ??= "The connection was reset by the other side (simulated).";
        }

        _ended = true;
        Wake();
    }

    private static async Task WaitAsync(TaskCompletionSource waiter, CancellationToken stop)
    {
        using var told = stop.Register(static state => ((TaskCompletionSource)state!).TrySetCanceled(), waiter);
        try
        {
            await waiter.Task;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw new OperationCanceledException(stop);
        }
    }

    private void Leave(bool abrupt)
    {
        if (!_left)
        {
            _left = true;
            link.ClientLeft(abrupt);
        }
    }

    private void Wake()
    {
        _ = _receiver?.TrySetResult();
        _ = _sender?.TrySetResult();
    }

    private void ThrowIfBroken()
    {
        if (_broken is not null)
        {
            throw new IOException(_broken);
        }
    }
}
