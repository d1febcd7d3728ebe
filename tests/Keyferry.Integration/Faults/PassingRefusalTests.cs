using Keyferry.Integration.Clusters;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Integration.Faults;

/// <summary>What a server refuses for the state that it is in is waited for, told, and done afterwards: <c>READONLY</c>, <c>LOADING</c>, <c>MASTERDOWN</c>, <c>CLUSTERDOWN</c>.</summary>
public sealed class PassingRefusalTests
{
    private const int Keys = 1_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_target_that_becomes_a_replica_is_waited_for()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var other = await RedisServer.StartAsync(ServerKind.Machine, "--repl-diskless-sync-delay", "0");
        var client = await FillAsync(source);
        using var run = Start(source.Endpoint, target.Endpoint);
        await run.ReachAsync(Phase.Following, Stop);
        await RedisCluster.AskAsync(target, "REPLICAOF", "127.0.0.1", $"{other.Port}");

        _ = await client.StringSetAsync("key:0", "after");
        await HeldAsync(run, "read-only");
        await RedisCluster.AskAsync(target, "REPLICAOF", "NO", "ONE");

        await EndEqualAsync(run, source, target);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_reads_its_data_after_a_restart_is_waited_for(bool isSource)
    {
        // It looks at its clients only after so many bytes.
        string[] slow = ["--key-load-delay", "3000", "--loading-process-events-interval-bytes", "1024"];
        await using var source = await RedisServer.StartAsync(ServerKind.Machine, isSource ? slow : []);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine, isSource ? [] : slow);
        _ = await FillAsync(source);
        using var run = Start(source.Endpoint, target.Endpoint);
        await run.ReachAsync(Phase.Following, Stop);
        var server = isSource ? source : target;
        await RedisCluster.AskAsync(server, "SAVE");
        await server.KillAsync();
        // A start waits until the server answers, and it does so only when it has read everything.
        var restarting = Task.Run(server.RestartAsync, Stop);
        if (!isSource)
        {
            _ = await (await source.ConnectAsync()).GetDatabase().StringSetAsync("key:0", "after");
            await HeldAsync(run, "LOADING");
        }

        await restarting;
        await EndEqualAsync(run, source, target);
    }

    /// <summary>The source is a replica that gives no answers without its primary.</summary>
    [Fact]
    public async Task A_source_that_has_lost_its_primary_is_waited_for()
    {
        await using var primary = await RedisServer.StartAsync(ServerKind.Machine, "--repl-diskless-sync-delay", "0");
        await using var replication = FaultProxy.Start(primary.Port);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var client = await FillAsync(primary);
        await using var source = await RedisServer.StartAsync(
            ServerKind.Machine,
            "--replicaof",
            "127.0.0.1",
            $"{replication.Port}",
            "--replica-serve-stale-data",
            "no"
        );
        while (!(await RedisCluster.AskAsync(source, "DBSIZE")).Contains($"{Keys}", StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), Stop);
        }

        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                KeysPerSecond = 200,
            },
            Stop
        );
        await run.ReachAsync(Phase.Copying, Stop);
        replication.Refuse();
        replication.Reset();
        await HeldAsync(run, "MASTERDOWN");
        _ = await client.StringSetAsync("key:0", "after");
        replication.Accept();
        await run.ReachAsync(Phase.Following, Stop);

        await EndEqualAsync(run, primary, target);
        Assert.Equal("after", (string?)await (await target.ConnectAsync()).GetDatabase().StringGetAsync("key:0"));
    }

    [Fact]
    public async Task A_target_cluster_that_is_down_is_waited_for()
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 703, Count: 500), 0, 2, Stop);
        var cluster = pair.TargetCluster ?? throw new InvalidOperationException("the target is a cluster");
        using var run = EngineRun.Start(pair.Options, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        await AskAllAsync(cluster, "CLUSTER", "DELSLOTS", "0");

        _ = await pair.Source.Database().StringSetAsync("key", "after");
        await HeldAsync(run, "CLUSTERDOWN");
        await RedisCluster.AskAsync(cluster.Nodes[0], "CLUSTER", "ADDSLOTS", "0");

        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        await pair.AssertEqualAsync($"{run.Log}", Stop);
    }

    private static async Task AskAllAsync(RedisCluster cluster, params string[] command)
    {
        foreach (var node in cluster.Nodes)
        {
            await RedisCluster.AskAsync(node, command);
        }
    }

    private static async Task<IDatabase> FillAsync(RedisServer server)
    {
        var client = (await server.ConnectAsync()).GetDatabase();
        await Task.WhenAll(Enumerable.Range(0, Keys).Select(i => client.StringSetAsync($"key:{i}", "before")));
        return client;
    }

    private static EngineRun Start(Endpoint source, Endpoint target) =>
        EngineRun.Start(new MigrationOptions { Source = source, Target = target }, Stop);

    /// <summary>Waits until the run says that it waits for this.</summary>
    private static async Task HeldAsync(EngineRun run, string words)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (run.Run.Progress.Held?.Contains(words, StringComparison.Ordinal) != true)
        {
            Assert.False(run.Ended.IsCompleted, $"{run.Log}");
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), $"never held by {words}, but: {run.Run.Progress.Held}\n{run.Log}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), Stop);
        }
    }

    private static async Task EndEqualAsync(EngineRun run, RedisServer source, RedisServer target)
    {
        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(90), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Equal(await source.DebugDigestAsync(), await target.DebugDigestAsync());
    }
}
