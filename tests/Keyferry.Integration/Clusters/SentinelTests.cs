using System.Diagnostics;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Integration.Clusters;

/// <summary>Servers that sentinels watch over: the primary is found by its service, and followed through a failover.</summary>
public sealed class SentinelTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_primary_is_followed_through_a_failover_of_the_source_and_of_the_target()
    {
        await using var source = await SentinelPair.StartAsync();
        await using var target = await SentinelPair.StartAsync();
        await using var link = await ServerLink.ConnectAsync(source.Primary.Uri);
        await new Filler(link, new KeySpace(Seed: 601, Count: 1_000)).FillAsync(Stop);
        using var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, Stop);
        await run.ReachAsync(Phase.Following, Stop);

        await source.FailOverAsync();
        await target.FailOverAsync();
        await WriteAsync(source.Replica, 100);
        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(90), Stop);

        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        await using var left = await ServerLink.ConnectAsync(source.Replica.Uri);
        await using var right = await ServerLink.ConnectAsync(target.Replica.Uri);
        Assert.Equal(1_100, await right.KeyCountAsync());
        var comparison = await new ServerComparison(left, right, TimeSpan.FromMilliseconds(5)).RunAsync(Stop);
        Assert.True(comparison.AreEqual, $"{comparison}\n{run.Log}");
    }

    [Fact]
    public async Task A_service_that_no_sentinel_knows_is_said_so()
    {
        await using var pair = await SentinelPair.StartAsync();
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var terms = pair.Endpoint.Sentinel ?? throw new InvalidOperationException("sentinels are named");
        var unknown = pair.Endpoint with { Sentinel = terms with { Service = "nobody" } };
        using var run = EngineRun.Start(new MigrationOptions { Source = unknown, Target = target.Endpoint }, Stop);

        var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);

        Assert.Contains("nobody", refused.Saw, StringComparison.Ordinal);
    }

    private static async Task WriteAsync(RedisServer primary, int keys)
    {
        var client = await primary.ConnectAsync();
        for (var i = 0; i < keys; i++)
        {
            await client.GetDatabase().StringSetAsync($"after:{i}", i, flags: CommandFlags.DemandMaster);
        }
    }

    /// <summary>A primary, its replica, and one sentinel that watches over them.</summary>
    private sealed class SentinelPair(RedisServer primary, RedisServer replica, RedisServer sentinel) : IAsyncDisposable
    {
        public RedisServer Primary => primary;

        public RedisServer Replica => replica;

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
                && (await RedisCluster.AskAsync(sentinel, "SENTINEL", "MASTER", "mymaster")).Contains(
                    "num-slaves\n1",
                    StringComparison.Ordinal
                )
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
}
