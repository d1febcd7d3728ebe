using System.Net;
using System.Net.Sockets;

namespace Keyferry.Integration.Servers;

/// <summary>Gives out ports of 127.0.0.1 on which nothing listens.</summary>
/// <remarks>
/// They lie below the range from which the system takes the ports of outgoing connections: a client that keeps dialling a server
/// which is down for a moment could otherwise be given that very port and connect to itself, and the restarted server would find
/// its port taken. Port + 10000, the cluster bus, lies below that range too.
/// </remarks>
internal static class FreePort
{
    private const int First = 12000;
    private const int Count = 10000;
    private static int _next = Random.Shared.Next(Count);

    public static int Take()
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                continue;
            }
        }

        throw new InvalidOperationException("No free port on 127.0.0.1.");
    }
}
