using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Faults;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Connections;

/// <summary>The time-outs are kept and say themselves, and an IPv6 address is an address like any other.</summary>
public sealed class TimeoutTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-timeouts").FullName;

    [Fact]
    public async Task A_host_that_takes_no_connection_is_given_up_after_the_connect_timeout()
    {
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        // Whoever comes when the queue of a listener is full gets no answer at all.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var address = listener.LocalEndPoint ?? throw new InvalidOperationException("it listens");
        List<Socket> queue = [];
        for (var i = 0; i < 3; i++)
        {
            queue.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false });
            try
            {
                queue[i].Connect(address);
            }
            catch (SocketException underWay) when (underWay.SocketErrorCode is SocketError.InProgress or SocketError.WouldBlock)
            {
                continue;
            }
        }

        var (code, said, took) = await RunAsync($"redis://{address}", target.Uri, "--connect-timeout", "700ms");
        queue.ForEach(static socket => socket.Dispose());

        Assert.NotEqual(0, code);
        Assert.Contains($"Cannot reach the source {address}: {address} did not answer within 0.7 s.", said, StringComparison.Ordinal);
        Assert.InRange(took, TimeSpan.FromMilliseconds(600), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up_after_the_command_timeout()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var proxy = FaultProxy.Start(source.Port);
        proxy.Stall();

        var (code, said, took) = await RunAsync(proxy.Uri, target.Uri, "--command-timeout", "700ms");

        Assert.NotEqual(0, code);
        Assert.Contains("accepted the connection but did not answer within 0.7 s", said, StringComparison.Ordinal);
        Assert.InRange(took, TimeSpan.FromMilliseconds(600), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Both_sides_may_be_IPv6_addresses()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine, "--bind", "127.0.0.1", "::1");
        await using var target = await RedisServer.StartAsync(ServerKind.Machine, "--bind", "127.0.0.1", "::1");
        _ = await source.CommandAsync("SET", "key", "value");

        var (code, said, _) = await RunAsync($"redis://[::1]:{source.Port}", $"[::1]:{target.Port}", "--until-idle", "300ms");

        Assert.True(code == 0, said);
        Assert.Contains($"at [::1]:{source.Port}", said, StringComparison.Ordinal);
        Assert.Equal("value", (string?)await target.CommandAsync("GET", "key"));
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<(int Code, string Said, TimeSpan Took)> RunAsync(string source, string target, params string[] options)
    {
        using var line = new CommandLine();
        var began = Stopwatch.GetTimestamp();
        var code = await line.RunAsync(["migrate", source, target, "--work-dir", Path.Combine(_folder, "work"), .. options]);
        return (code, $"{line.Out}\n{line.Error}", Stopwatch.GetElapsedTime(began));
    }
}
