using System.Net.Security;
using System.Net.Sockets;

namespace Keyferry.Resp;

/// <summary>A TLS session over TCP.</summary>
/// <param name="socket">The connection under it.</param>
/// <param name="stream">The session.</param>
/// <param name="refused">What it means when the session ends before its first byte: with TLS 1.3 that is how a server refuses a client certificate.</param>
internal sealed class TlsTransport(Socket socket, SslStream stream, Func<Exception?, TlsException?> refused) : ITransport
{
    private bool _heard;

    /// <inheritdoc/>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
    {
        int received;
        try
        {
            received = await stream.ReadAsync(buffer, stop);
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            throw Broken(broken);
        }

        if (received == 0 && !Volatile.Read(ref _heard) && refused(null) is { } refusal)
        {
            throw refusal;
        }

        Volatile.Write(ref _heard, true);
        return received;
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        try
        {
            await stream.WriteAsync(bytes, stop);
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            throw Broken(broken);
        }
    }

    /// <inheritdoc/>
    public void Reset() => SocketTransport.Abort(socket);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        socket.Dispose();
    }

    private IOException Broken(Exception broken)
    {
        if (broken is ObjectDisposedException)
        {
            return new IOException("the connection broke (closed here)", broken);
        }

        if (!Volatile.Read(ref _heard) && refused(broken) is { } refusal)
        {
            return refusal;
        }

        var why = broken.InnerException is SocketException error ? error.SocketErrorCode.ToString() : broken.Message.TrimEnd('.');
        return new IOException($"the connection broke ({why})", broken);
    }
}
