using System.Diagnostics;
using Keyferry.Integration.Servers;
using Keyferry.Model;

namespace Keyferry.Integration.Clusters;

/// <summary>A primary, its replica, and one sentinel that watches over them.</summary>
internal sealed class SentinelPair(RedisServer primary, RedisServer replica, RedisServer sentinel) : IAsyncDisposable
{
    public RedisServer Primary => primary;

    public RedisServer Replica => replica;

    public RedisServer Sentinel => sentinel;

    public Endpoint Endpoint =>
        new()
        {
            Host = "127.0.0.1",
            Port = sentinel.Port,
            Sentinel = new SentinelTerms("mymaster", [new SentinelAddress("127.0.0.1", sentinel.Port)]),
        };

    public static async Task<SentinelPair> StartAsync()
    {
        var primary = await RedisServer.StartAsync(ServerKind.Machine, "--repl-diskless-sync-delay", "0");
        var replica = await RedisServer.StartAsync(ServerKind.Machine, "--replicaof", "127.0.0.1", $"{primary.Port}");
        var sentinel = await RedisServer.StartSentinelAsync(primary.Port);
        var pair = new SentinelPair(primary, replica, sentinel);
        await UntilAsync(async () =>
            (await RedisCluster.AskAsync(replica, "INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal)
            && (await RedisCluster.AskAsync(sentinel, "SENTINEL", "MASTER", "mymaster")).Contains("num-slaves\n1", StringComparison.Ordinal)
        );
        return pair;
    }

    /// <summary>Has the replica take over, as an operator does, and waits until both know.</summary>
    public async Task FailOverAsync()
    {
        await RedisCluster.AskAsync(sentinel, "SENTINEL", "FAILOVER", "mymaster");
        await UntilAsync(async () =>
            (await RedisCluster.AskAsync(replica, "ROLE")).StartsWith("master", StringComparison.Ordinal)
            && (await RedisCluster.AskAsync(primary, "ROLE")).StartsWith("slave", StringComparison.Ordinal)
            && (await RedisCluster.AskAsync(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")).Contains(
                $"{replica.Port}",
                StringComparison.Ordinal
            )
        );
    }

    public async ValueTask DisposeAsync()
    {
        await sentinel.DisposeAsync();
        await replica.DisposeAsync();
        await primary.DisposeAsync();
    }

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
