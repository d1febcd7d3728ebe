using System.Net;
using System.Net.Sockets;
using Keyferry.Model;

namespace Keyferry.Resp;

/// <summary>Opens TCP and TLS connections.</summary>
/// <param name="connectTimeout">How long name look-up, TCP connect and TLS handshake may take, all together.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class SocketDialer(TimeSpan connectTimeout, TimeProvider time) : IDialer
{
    /// <inheritdoc/>
    public async ValueTask<ITransport> DialAsync(Endpoint endpoint, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(connectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await ConnectAsync(socket, endpoint, either.Token);
            return endpoint.Tls ? await TlsHandshake.RunAsync(socket, endpoint, either.Token) : new SocketTransport(socket);
        }
        catch (OperationCanceledException late) when (!stop.IsCancellationRequested)
        {
            // A server without TLS takes the greeting for the beginning of a command, and waits for the rest of it.
            var unanswered = endpoint.Tls && socket.Connected;
            socket.Dispose();
            throw unanswered
                ? new TlsException(
                    TlsFault.NotSpoken,
                    $"{endpoint} accepted the connection, but gave no answer to the TLS handshake within {connectTimeout.TotalSeconds:0.#} s",
                    late
                )
                : new IOException($"{endpoint} did not answer within {connectTimeout.TotalSeconds:0.#} s", late);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task ConnectAsync(Socket socket, Endpoint endpoint, CancellationToken stop)
    {
        try
        {
            if (IPAddress.TryParse(endpoint.Host, out var address))
            {
                await socket.ConnectAsync(new IPEndPoint(address, endpoint.Port), stop);
                return;
            }

            await socket.ConnectAsync(new DnsEndPoint(endpoint.Host, endpoint.Port), stop);
        }
        catch (SocketException refused)
        {
            throw new IOException(Explain(refused, endpoint), refused);
        }
    }

    private static string Explain(SocketException trouble, Endpoint endpoint) =>
        trouble.SocketErrorCode switch
        {
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => $"the name {endpoint.Host} is not known",
            SocketError.ConnectionRefused => $"nothing listens at {endpoint} (connection refused)",
            SocketError.TimedOut => $"{endpoint} does not answer (timed out)",
            SocketError.NetworkUnreachable or SocketError.HostUnreachable => $"there is no route to {endpoint}",
            _ => $"connecting to {endpoint} failed ({trouble.SocketErrorCode})",
        };
}
