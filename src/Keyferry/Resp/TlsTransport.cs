using System.Net.Security;
using System.Net.Sockets;

namespace Keyferry.Resp;

/// <summary>A TLS session over TCP.</summary>
internal sealed class TlsTransport(Socket socket, SslStream stream) : ITransport
{
    /// <inheritdoc/>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
    {
        try
        {
            return await stream.ReadAsync(buffer, stop);
        }
        catch (ObjectDisposedException closed)
        {
            throw new IOException("the connection broke (closed here)", closed);
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        try
        {
            await stream.WriteAsync(bytes, stop);
        }
        catch (ObjectDisposedException closed)
        {
            throw new IOException("the connection broke (closed here)", closed);
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
}
