using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Keyferry.Model;

namespace Keyferry.Integration.Faults;

/// <summary>A TCP proxy inside the test process, between Keyferry and a real server, whose faults the test commands.</summary>
/// <remarks>
/// <para><b>What it can do.</b> End connections in order (<see cref="Cut"/>) or with a reset (<see cref="Reset"/>), refuse new ones, hold bytes
/// back while connections stay open (<see cref="Stall"/>: one way only makes a half-open connection), slow a direction down, and
/// cut a reply or a command in the middle (<see cref="TruncateAfter"/>).</para>
/// <para><b>Does not promise.</b> That chunks keep their borders: it is a stream, as on a network.</para>
/// <para><b>Concurrency.</b> Commands may come from any thread at any time.</para>
/// </remarks>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly int _serverPort;
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentDictionary<Pair, Task> _pairs = new();
    private readonly Flow _toServer = new();
    private readonly Flow _toClient = new();
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    private FaultProxy(int serverPort, int port)
    {
        _serverPort = serverPort;
        Port = port;
    }

    /// <summary>Where the proxy listens on 127.0.0.1; it stays the same while new connections are refused.</summary>
    public int Port { get; }

    /// <summary>The address of the proxy, to be used in place of the server's.</summary>
    public Endpoint Endpoint => new() { Host = "127.0.0.1", Port = Port };

    /// <summary>The address of the proxy as a user types it.</summary>
    public string Uri => $"redis://127.0.0.1:{Port}";

    /// <summary>Connections that are open now.</summary>
    public int Open => _pairs.Count;

    /// <summary>Connections accepted so far.</summary>
    public int Accepted { get; private set; }

    /// <summary>Starts a proxy in front of the server that listens on <paramref name="serverPort"/> of 127.0.0.1.</summary>
    public static FaultProxy Start(int serverPort)
    {
        for (var attempt = 1; ; attempt++)
        {
            var proxy = new FaultProxy(serverPort, Servers.FreePort.Take());
            try
            {
                proxy.Listen();
                return proxy;
            }
            catch (SocketException taken) when (attempt < 5 && taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                continue;
            }
        }
    }

    /// <summary>Bytes passed on so far in one direction.</summary>
    public long Passed(ProxyDirection direction) => direction == ProxyDirection.ToServer ? _toServer.Passed : _toClient.Passed;

    /// <summary>Ends all open connections in order (FIN to both ends). New ones are accepted.</summary>
    public void Cut() => End(static pair => pair.Close());

    /// <summary>Ends all open connections with a reset to both ends. New ones are accepted.</summary>
    public void Reset() => End(static pair => pair.Reset());

    /// <summary>Ends all open connections with a reset to the client only; the server's ends close in order, after what is on its way.</summary>
    public void ResetClients() => End(static pair => pair.ResetClient());

    /// <summary>Refuses new connections, as a server that is down does, until <see cref="Accept"/>. Open ones go on.</summary>
    public void Refuse()
    {
        _listener?.Dispose();
        _listener = null;
    }

    /// <summary>Accepts new connections again.</summary>
    public void Accept()
    {
        if (_listener is null)
        {
            Listen();
        }
    }

    /// <summary>Holds all bytes of a direction back while connections stay open, on new ones too, until <see cref="Resume"/>.</summary>
    public void Stall(ProxyDirection direction = ProxyDirection.Both) => Each(direction, static flow => flow.Stall());

    /// <summary>Takes every disturbance off; what was held back arrives.</summary>
    public void Resume(ProxyDirection direction = ProxyDirection.Both) => Each(direction, static flow => flow.Resume());

    /// <summary>Delays every chunk, or limits the bytes a second; 0 is no limit.</summary>
    public void Slow(ProxyDirection direction, TimeSpan delay, int bytesPerSecond = 0) =>
        Each(
            direction,
            flow =>
            {
                flow.Delay = delay;
                flow.BytesPerSecond = bytesPerSecond;
            }
        );

    /// <summary>Lets so many bytes of a direction pass, over all connections together; the one that carries the next byte ends there, after them.</summary>
    /// <remarks>Further connections are cut at their first byte of this direction, until <see cref="Resume"/>.</remarks>
    public void TruncateAfter(ProxyDirection direction, long bytes) => Each(direction, flow => flow.TruncateAfter(bytes));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        Refuse();
        Reset();
        await _accepting;
        await Task.WhenAll(_pairs.Values);
        _ending.Dispose();
    }

    private void Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        listener.Listen(128);
        _listener = listener;
        _accepting = Task.WhenAll(_accepting, AcceptAllAsync(listener));
    }

    private async Task AcceptAllAsync(Socket listener)
    {
        while (!_ending.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync(_ending.Token);
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }

            Accepted++;
            var pair = new Pair(client);
            var carried = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _pairs[pair] = carried.Task;
            _ = CarryAsync(pair, carried);
        }
    }

    private async Task CarryAsync(Pair pair, TaskCompletionSource carried)
    {
        List<Task<bool>> pumps = [];
        try
        {
            await pair.Server.ConnectAsync("127.0.0.1", _serverPort, _ending.Token);
            pumps.Add(_toServer.PumpAsync(pair.Client, pair.Server, pair.Ended));
            pumps.Add(_toClient.PumpAsync(pair.Server, pair.Client, pair.Ended));
            await foreach (var pump in Task.WhenEach(pumps))
            {
                if (!await pump)
                {
                    break;
                }
            }
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            pair.ResetUnlessEnded();
        }
        finally
        {
            pair.Close();
            await ((Task)Task.WhenAll(pumps)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pair.Dispose();
            _pairs.TryRemove(pair, out _);
            carried.SetResult();
        }
    }

    private void End(Action<Pair> how)
    {
        foreach (var pair in _pairs.Keys)
        {
            how(pair);
        }
    }

    private void Each(ProxyDirection direction, Action<Flow> action)
    {
        if (direction.HasFlag(ProxyDirection.ToServer))
        {
            action(_toServer);
        }

        if (direction.HasFlag(ProxyDirection.ToClient))
        {
            action(_toClient);
        }
    }

    /// <summary>The two sockets of one connection through the proxy.</summary>
    private sealed class Pair(Socket client) : IDisposable
    {
        private const int BufferSize = 128 * 1024;
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Socket Client { get; } = Prepared(client);

        public Socket Server { get; } = Prepared(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));

        /// <summary>Takes the pumps out of a stall when the connection is ended meanwhile; what they held is lost.</summary>
        public Task Ended => _ended.Task;

        /// <summary>Ends both sides in order. The sockets stay until the pumps have left them: closing one that is being read resets it.</summary>
        public void Close()
        {
            ShutDown(Client, SocketShutdown.Both);
            ShutDown(Server, SocketShutdown.Both);
            _ended.TrySetResult();
        }

        public void Reset()
        {
            Server.Close(timeout: 0);
            Client.Close(timeout: 0);
            _ended.TrySetResult();
        }

        public void ResetUnlessEnded()
        {
            if (!Ended.IsCompleted)
            {
                Reset();
            }
        }

        public void ResetClient()
        {
            Client.Close(timeout: 0);
            ShutDown(Server, SocketShutdown.Send);
            _ended.TrySetResult();
        }

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }

        private static void ShutDown(Socket socket, SocketShutdown how)
        {
            try
            {
                socket.Shutdown(how);
            }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
            {
                return;
            }
        }

        private static Socket Prepared(Socket socket)
        {
            socket.NoDelay = true;
            // What a stalled direction holds should wait at the sender, not in megabytes of this machine's own buffers.
            (socket.ReceiveBufferSize, socket.SendBufferSize) = (BufferSize, BufferSize);
            return socket;
        }
    }
}
