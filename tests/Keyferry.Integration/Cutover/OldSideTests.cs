using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Servers;
using Keyferry.State;
using StackExchange.Redis;

namespace Keyferry.Integration.Cutover;

/// <summary>Clients that write to the old side after a switch are named, also those that connect, write once and leave.</summary>
public sealed class OldSideTests
{
    private static readonly CutoverOptions Options = new() { SwitchHook = "switch", FenceBudget = TimeSpan.FromSeconds(5) };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ServerKind.Machine, true)]
    [InlineData(ServerKind.Machine, false)]
    [InlineData(ServerKind.Redis60, false)]
    [InlineData(ServerKind.Valkey91, true)]
    public async Task Client_that_connects_writes_once_and_leaves_is_named(ServerKind kind, bool hasWayBack)
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop, kind);
        var fence = kind == ServerKind.Redis60 ? FenceKind.Hook : FenceKind.Pause;
        await bench.FollowAsync(
            Options with
            {
                Fence = fence,
                FenceHook = "fence",
                ReverseWindow = hasWayBack ? TimeSpan.FromHours(1) : null,
                WatchOld = TimeSpan.FromMinutes(5),
            },
            Stop
        );
        var (end, said) = await bench.CutOverAsync(Stop);
        Assert.True(end == CutoverEnd.Switched, said);
        await SaidAsync(bench, "by its slow log");

        var port = await WriteOnceAsync(bench.Source, "job-of-the-night");
        await SaidAsync(bench, $"job-of-the-night at 127.0.0.1:{port} writes to the old side {bench.Source.Endpoint}");
        for (var i = 0; i < 12; i++)
        {
            _ = await WriteOnceAsync(bench.Source, "job-of-the-night");
        }

        await SaidAsync(bench, "has sent 10 writes to the old side");
        await bench.Run.FinishAsync();
        _ = await bench.Run.Ended.WaitAsync(TimeSpan.FromSeconds(20), Stop);

        await SaidAsync(bench, "has sent 13 writes to the old side");
        Assert.Empty(bench.Run.Store.OpenLeases());
        Assert.Equal(("10000", "128"), await SlowLogOfAsync(bench.Source));
        Assert.DoesNotContain("keyferry:", bench.Run.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_log_is_put_back_when_clients_come_back()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        await bench.FollowAsync(Options with { ReverseWindow = TimeSpan.FromHours(1) }, Stop);
        Assert.Equal(CutoverEnd.Switched, (await bench.CutOverAsync(Stop)).End);
        await SaidAsync(bench, "by its slow log");
        Assert.Equal(("0", "4096"), await SlowLogOfAsync(bench.Source));

        var (end, said) = await bench.RollBackAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        _ = await bench.Run.Ended;
        Assert.Equal(("10000", "128"), await SlowLogOfAsync(bench.Source));
        Assert.Empty(bench.Run.Store.OpenLeases());
    }

    [Fact]
    public async Task Where_the_slow_log_may_not_be_set_that_is_said_and_changes_are_counted()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        _ = await bench.Source.CommandAsync("ACL", "SETUSER", "default", "-slowlog");
        await bench.FollowAsync(Options with { WatchOld = TimeSpan.FromMinutes(5) }, Stop);
        Assert.Equal(CutoverEnd.Switched, (await bench.CutOverAsync(Stop)).End);
        await SaidAsync(bench, "are looked for in CLIENT LIST");

        while (!bench.Run.Log.ToString().Contains("old side", StringComparison.Ordinal) || !Told())
        {
            _ = await WriteOnceAsync(bench.Source, "job");
            await Task.Delay(50, Stop);
        }

        await bench.Run.FinishAsync();
        _ = await bench.Run.Ended;
        Assert.Equal(("10000", "128"), await SlowLogOfAsync(bench.Source));

        bool Told() =>
            bench.Run.Log.ToString().Contains("has counted ", StringComparison.Ordinal)
            || bench.Run.Log.ToString().Contains("job at 127.0.0.1:", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_named_where_nobody_writes()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        await bench.FollowAsync(Options with { ReverseWindow = TimeSpan.FromHours(1) }, Stop);
        Assert.Equal(CutoverEnd.Switched, (await bench.CutOverAsync(Stop)).End);
        await SaidAsync(bench, "by its slow log");

        await bench.OnTarget.StringSetAsync("moved back", "1");
        while (!await bench.OnSource.KeyExistsAsync("moved back"))
        {
            await Task.Delay(10, Stop);
        }

        _ = await bench.OnSource.StringGetAsync("moved back");
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);
        await bench.Run.FinishAsync();
        _ = await bench.Run.Ended;

        Assert.DoesNotContain("writes to the old side", bench.Run.Log.ToString(), StringComparison.Ordinal);
    }

    private static async Task SaidAsync(CutoverBench bench, string text)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (!bench.Run.Log.ToString().Contains(text, StringComparison.Ordinal))
        {
            Assert.False(patience.IsCancellationRequested, $"not said: {text}\n{bench.Run.Log}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }
    }

    private static async Task<(string?, string?)> SlowLogOfAsync(RedisServer server) =>
        (await AskAsync(server, "slowlog-log-slower-than"), await AskAsync(server, "slowlog-max-len"));

    private static async Task<string?> AskAsync(RedisServer server, string parameter) =>
        (string?)((RedisResult[]?)await server.CommandAsync("CONFIG", "GET", parameter))?[1];

    /// <summary>Connects, writes one key, and leaves as soon as it is answered.</summary>
    /// <returns>The port that it came from.</returns>
    private static async Task<int> WriteOnceAsync(RedisServer server, string name)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Endpoint.Host, server.Port, Stop);
        var port = ((System.Net.IPEndPoint?)client.Client.LocalEndPoint)?.Port ?? 0;
        var stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"CLIENT SETNAME {name}\r\nSET stray {port.ToString(CultureInfo.InvariantCulture)}\r\n"),
            Stop
        );
        var answers = new byte[10];
        await stream.ReadExactlyAsync(answers, Stop);
        Assert.Equal("+OK\r\n+OK\r\n", Encoding.ASCII.GetString(answers));
        return port;
    }
}
