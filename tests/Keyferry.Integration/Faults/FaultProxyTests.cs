using System.Net.Sockets;
using System.Text;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Faults;

/// <summary>Each fault of the proxy does what it is called, seen from a plain client in front of a real server.</summary>
public sealed class FaultProxyTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Bytes_pass_unchanged_and_are_counted()
    {
        await using var stage = await Stage.OpenAsync();
        Assert.Equal("+PONG\r\n", await stage.AskAsync("PING\r\n", 7));
        Assert.Equal(6, stage.Proxy.Passed(ProxyDirection.ToServer));
        Assert.Equal(7, stage.Proxy.Passed(ProxyDirection.ToClient));
        Assert.Equal(1, stage.Proxy.Open);
    }

    [Fact]
    public async Task Cut_ends_in_order_and_reset_with_an_error()
    {
        await using var stage = await Stage.OpenAsync();
        await stage.AskAsync("PING\r\n", 7);
        stage.Proxy.Cut();
        Assert.Equal(0, await stage.Client.ReceiveAsync(new byte[8]));

        using var second = await stage.DialAsync();
        await Stage.AskAsync(second, "PING\r\n", 7);
        stage.Proxy.Reset();
        var failure = await Assert.ThrowsAsync<SocketException>(async () => await second.ReceiveAsync(new byte[8]));
        Assert.Equal(SocketError.ConnectionReset, failure.SocketErrorCode);
        Assert.Equal(2, stage.Proxy.Accepted);
    }

    [Fact]
    public async Task Reset_of_the_client_lets_the_server_execute_what_it_has()
    {
        await using var stage = await Stage.OpenAsync();
        await stage.AskAsync("SET k 1\r\n", 5);
        stage.Proxy.ResetClients();
        await Assert.ThrowsAsync<SocketException>(async () => await stage.Client.ReceiveAsync(new byte[8]));
        Assert.Equal("1", (await stage.Server.CommandAsync("GET", "k")).ToString());
    }

    [Fact]
    public async Task Refused_connections_fail_and_are_accepted_again_on_the_same_port()
    {
        await using var stage = await Stage.OpenAsync();
        stage.Proxy.Refuse();
        await Assert.ThrowsAsync<SocketException>(stage.DialAsync);
        Assert.Equal("+PONG\r\n", await stage.AskAsync("PING\r\n", 7));

        stage.Proxy.Accept();
        using var again = await stage.DialAsync();
        Assert.Equal("+PONG\r\n", await Stage.AskAsync(again, "PING\r\n", 7));
    }

    [Fact]
    public async Task Stalled_replies_leave_a_half_open_connection_on_which_commands_are_executed()
    {
        await using var stage = await Stage.OpenAsync();
        stage.Proxy.Stall(ProxyDirection.ToClient);
        var reply = stage.AskAsync("SET k 1\r\n", 5);
        await EventuallyAsync(async () => (await stage.Server.CommandAsync("EXISTS", "k")).ToString() == "1");
        Assert.False(reply.IsCompleted);
        Assert.Equal(1, stage.Proxy.Open);

        stage.Proxy.Resume();
        Assert.Equal("+OK\r\n", await reply.WaitAsync(_patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Write_held_back_is_executed_after_its_client_is_gone()
    {
        await using var stage = await Stage.OpenAsync();
        await stage.AskAsync("PING\r\n", 7);
        stage.Proxy.Stall(ProxyDirection.ToServer);
        await stage.Client.SendAsync("SET k late\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        stage.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal("0", (await stage.Server.CommandAsync("EXISTS", "k")).ToString());

        stage.Proxy.Resume();
        await EventuallyAsync(async () => (await stage.Server.CommandAsync("GET", "k")).ToString() == "late");
    }

    [Fact]
    public async Task Truncated_reply_ends_in_its_middle()
    {
        await using var stage = await Stage.OpenAsync();
        stage.Proxy.TruncateAfter(ProxyDirection.ToClient, 3);
        Assert.Equal("+PO", await stage.AskAsync("PING\r\n", 3));
        Assert.Equal(0, await stage.Client.ReceiveAsync(new byte[8]));

        stage.Proxy.Resume();
        using var again = await stage.DialAsync();
        Assert.Equal("+PONG\r\n", await Stage.AskAsync(again, "PING\r\n", 7));
    }

    [Fact]
    public async Task Slow_direction_takes_its_time()
    {
        await using var stage = await Stage.OpenAsync();
        await stage.AskAsync("PING\r\n", 7);
        stage.Proxy.Slow(ProxyDirection.ToClient, TimeSpan.FromMilliseconds(200));
        var began = TimeProvider.System.GetTimestamp();
        await stage.AskAsync("PING\r\n", 7);
        Assert.True(TimeProvider.System.GetElapsedTime(began) >= TimeSpan.FromMilliseconds(190));
    }

    [Fact]
    public async Task Connection_ended_during_a_stall_is_gone_at_once()
    {
        await using var stage = await Stage.OpenAsync();
        stage.Proxy.Stall();
        await stage.Client.SendAsync("SET k 1\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await EventuallyAsync(() => Task.FromResult(stage.Proxy.Open == 1));
        stage.Proxy.Reset();
        await EventuallyAsync(() => Task.FromResult(stage.Proxy.Open == 0));
        stage.Proxy.Resume();
        Assert.Equal("0", (await stage.Server.CommandAsync("EXISTS", "k")).ToString());
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < _patience, "It did not come true in time.");
            await Task.Delay(10);
        }
    }

    /// <summary>A server, a proxy before it and one open connection through it.</summary>
    private sealed class Stage : IAsyncDisposable
    {
        private Stage(RedisServer server, FaultProxy proxy, Socket client)
        {
            Server = server;
            Proxy = proxy;
            Client = client;
        }

        public RedisServer Server { get; }

        public FaultProxy Proxy { get; }

        public Socket Client { get; }

        public static async Task<Stage> OpenAsync()
        {
            var server = await RedisServer.StartAsync(ServerKind.Machine);
            var proxy = FaultProxy.Start(server.Port);
            return new Stage(server, proxy, await DialAsync(proxy));
        }

        public static async Task<string> AskAsync(Socket socket, string command, int replyLength)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(command));
            var reply = new byte[replyLength];
            for (var at = 0; at < replyLength; )
            {
                var received = await socket.ReceiveAsync(reply.AsMemory(at)).AsTask().WaitAsync(_patience);
                Assert.NotEqual(0, received);
                at += received;
            }

            return Encoding.ASCII.GetString(reply);
        }

        public Task<string> AskAsync(string command, int replyLength) => AskAsync(Client, command, replyLength);

        public Task<Socket> DialAsync() => DialAsync(Proxy);

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await Proxy.DisposeAsync();
            await Server.DisposeAsync();
        }

        private static async Task<Socket> DialAsync(FaultProxy proxy)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync("127.0.0.1", proxy.Port);
            return socket;
        }
    }
}
