using System.Diagnostics;
using System.Globalization;
using Keyferry.Integration.Servers;
using Keyferry.Model;

namespace Keyferry.Integration.Clusters;

/// <summary>A primary, its replica, and one sentinel that watches over them.</summary>
internal sealed class SentinelPair : IAsyncDisposable
{
    private readonly SentinelTerrain _terrain;
    private readonly int _sentinelPort;
    private readonly int[] _serverPorts;

    private SentinelPair(SentinelTerrain terrain, RedisServer[] servers, int[] serverPorts, RedisServer sentinel, int sentinelPort)
    {
        (_terrain, _serverPorts, _sentinelPort) = (terrain, serverPorts, sentinelPort);
        (Primary, Replica, Sentinel) = (servers[0], servers[1], sentinel);
    }

    public RedisServer Primary { get; }

    public RedisServer Replica { get; }

    public RedisServer Sentinel { get; }

    public Endpoint Endpoint =>
        new()
        {
            Host = "127.0.0.1",
            Port = _sentinelPort,
            Sentinel = new SentinelTerms("mymaster", [new SentinelAddress("127.0.0.1", _sentinelPort)]),
        };

    /// <summary>As a user types it, but for passwords and certificates.</summary>
    public string Uri =>
        (_terrain.Authority is null ? "redis" : "rediss")
        + $"+sentinel://127.0.0.1:{_sentinelPort}/mymaster{(_terrain.PlainSentinel ? "?sentinels=plain" : "")}";

    public static Task<SentinelPair> StartAsync() => StartAsync(new SentinelTerrain());

    public static async Task<SentinelPair> StartAsync(SentinelTerrain terrain)
    {
        var (servers, ports) = (new RedisServer[2], new int[2]);
        for (var i = 0; i < servers.Length; i++)
        {
            var tls = FreePort.Take();
            string[] following = i == 0 ? [] : ["--replicaof", "127.0.0.1", $"{ports[0]}"];
            servers[i] = await RedisServer.StartAsync(terrain.Kind, [.. terrain.ServerArguments(tls), .. following]);
            ports[i] = terrain.Authority is null ? servers[i].Port : tls;
        }

        var own = FreePort.Take();
        var sentinel = await RedisServer.StartSentinelAsync(ports[0], terrain.Kind, terrain.SentinelLines(own));
        var pair = new SentinelPair(
            terrain,
            servers,
            ports,
            sentinel,
            terrain.Authority is null || terrain.PlainSentinel ? sentinel.Port : own
        );
        await UntilAsync(async () =>
            (await pair.AskServerAsync(pair.Replica, "INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal)
            && (await pair.AskSentinelAsync("SENTINEL", "MASTER", "mymaster")).Contains("num-slaves\n1", StringComparison.Ordinal)
        );
        return pair;
    }

    /// <summary>Has the replica take over, as an operator does, once it has what was written until now; and waits until both know.</summary>
    public async Task FailOverAsync()
    {
        await PromoteAsync();
        await UntilAsync(async () =>
            (await AskServerAsync(Replica, "ROLE")).StartsWith("master", StringComparison.Ordinal)
            && (await AskServerAsync(Primary, "ROLE")).StartsWith("slave", StringComparison.Ordinal)
        );
    }

    /// <summary>The same, but waits only until the sentinel names the replica: the old primary takes itself for one for about ten seconds more.</summary>
    public async Task PromoteAsync()
    {
        await CatchUpAsync();
        await AskSentinelAsync("SENTINEL", "FAILOVER", "mymaster");
        await UntilAsync(async () =>
            (await AskSentinelAsync("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")).Contains(
                $"{_serverPorts[1]}",
                StringComparison.Ordinal
            )
        );
    }

    public async ValueTask DisposeAsync()
    {
        await Sentinel.DisposeAsync();
        await Replica.DisposeAsync();
        await Primary.DisposeAsync();
    }

    /// <summary>A replica whose link is up may still miss what was written since: the primary holds it back until the replica has acknowledged its copy, which may take a second. One that
    /// is promoted before has lost it for good.</summary>
    private async Task CatchUpAsync()
    {
        var written = await OffsetAsync(Primary, "master_repl_offset");
        await UntilAsync(async () => await OffsetAsync(Replica, "slave_repl_offset") >= written);
    }

    private async Task<long> OffsetAsync(RedisServer server, string field)
    {
        var lines = (await AskServerAsync(server, "INFO", "replication")).Split('\n', StringSplitOptions.TrimEntries);
        var line = Array.Find(lines, line => line.StartsWith($"{field}:", StringComparison.Ordinal));
        return line is null
            ? throw new InvalidOperationException($"{server} does not tell its {field}")
            : long.Parse(line[(field.Length + 1)..], CultureInfo.InvariantCulture);
    }

    private Task<string> AskSentinelAsync(params string[] command) => AskAsync(Sentinel, _terrain.SentinelPassword, command);

    private Task<string> AskServerAsync(RedisServer server, params string[] command) => AskAsync(server, _terrain.Password, command);

    private static Task<string> AskAsync(RedisServer server, string? password, string[] command) =>
        RedisCluster.AskAsync(server, password is null ? command : ["--pass", password, "--no-auth-warning", .. command]);

    private static async Task UntilAsync(Func<Task<bool>> reached)
    {
        var waited = Stopwatch.StartNew();
        while (!await TryAsync(reached))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), "the sentinel did not get there");
            await Task.Delay(50);
        }
    }

    /// <summary>A server that changes its role drops its clients.</summary>
    private static async Task<bool> TryAsync(Func<Task<bool>> reached)
    {
        try
        {
            return await reached();
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
