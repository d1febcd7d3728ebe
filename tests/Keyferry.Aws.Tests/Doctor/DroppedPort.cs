using System.Net;
using System.Net.Sockets;

namespace Keyferry.Aws.Tests.Doctor;

/// <summary>A port of 127.0.0.1 at which connections are neither accepted nor refused, as behind a security group that drops them: its queue is full.</summary>
internal sealed class DroppedPort : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public DroppedPort()
    {
        var listener = Open();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        Number = (listener.LocalEndPoint as IPEndPoint)?.Port ?? 0;
        for (var number = 0; number < 4; number++)
        {
            var waiting = Open();
            waiting.Blocking = false;
            try
            {
                waiting.Connect(IPAddress.Loopback, Number);
            }
            catch (SocketException begun) when (begun.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // It waits in the queue, or before it.
                continue;
            }
        }
    }

    public int Number { get; }

    public void Dispose() => _sockets.ForEach(static socket => socket.Dispose());

    private Socket Open()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        return socket;
    }
}
