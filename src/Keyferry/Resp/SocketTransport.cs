using System.Net.Sockets;

namespace Keyferry.Resp;

/// <summary>A plain TCP connection.</summary>
internal sealed class SocketTransport(Socket socket) : ITransport
{
    /// <inheritdoc/>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
    {
        try
        {
            return await socket.ReceiveAsync(buffer, SocketFlags.None, stop);
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            throw new IOException($"the connection broke ({Name(broken)})", broken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, stop)..];
            }
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            throw new IOException($"the connection broke ({Name(broken)})", broken);
        }
    }

    /// <inheritdoc/>
    public void Reset() => Abort(socket);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Closes with a TCP reset: unsent bytes are thrown away, and the peer learns at once that nobody reads its replies.</summary>
    internal static void Abort(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // Somebody else has closed it already, which is what is wanted.
            return;
        }

        socket.Dispose();
    }

    private static string Name(Exception broken) => broken is SocketException error ? error.SocketErrorCode.ToString() : "closed here";
}
