using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Cutover;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;
using StackExchange.Redis;

namespace Keyferry.Integration.Clusters;

/// <summary>Servers that sentinels watch over: the primary is found by its service, and followed through a failover.</summary>
public sealed class SentinelTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SourceReads.Primary)]
    [InlineData(SourceReads.Replica)]
    public async Task The_primary_is_followed_through_a_failover_of_the_source_and_of_the_target(SourceReads reads)
    {
        await using var source = await SentinelPair.StartAsync();
        await using var target = await SentinelPair.StartAsync();
        await using var link = await ServerLink.ConnectAsync(source.Primary.Uri);
        await new Filler(link, new KeySpace(Seed: 601, Count: 1_000)).FillAsync(Stop);
        var options = new MigrationOptions
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            SourceReads = reads,
        };
        using var run = EngineRun.Start(options, Stop);
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

    /// <summary>The clients of the source follow its sentinels to a server where no fence stands, while the one that is fenced takes itself for the primary.</summary>
    [Fact]
    public async Task A_failover_behind_the_fence_is_told_although_the_old_primary_does_not_know_of_it()
    {
        await using var source = await SentinelPair.StartAsync();
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var hooks = new FakeHooks
        {
            Answer = _ =>
            {
                source.PromoteAsync().Wait(Stop);
                return new HookResult(true, 0, "");
            },
        };
        var options = new MigrationOptions
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            Cutover = new CutoverOptions
            {
                SwitchHook = "switch",
                FenceBudget = TimeSpan.FromSeconds(60),
                WatchOld = TimeSpan.FromMilliseconds(300),
            },
        };
        using var run = EngineRun.Start(options, Stop, hooks: hooks);
        await run.ReachAsync(Phase.Following, Stop);

        var (end, said) = await CutoverBench.ListenAsync(run.Run.Control.AskCutover(), Stop);

        Assert.True(end == CutoverEnd.Switched, $"{said}\n{run.Log}");
        Assert.Contains("The fence broke while the clients were switched", said, StringComparison.Ordinal);
        Assert.Contains("failed over", said, StringComparison.Ordinal);
    }

    /// <summary>The pairs of deployments of which one has sentinels; the others are <see cref="ClusterMigrationTests"/>.</summary>
    [Theory]
    [InlineData("sentinel", "standalone")]
    [InlineData("standalone", "sentinel")]
    [InlineData("sentinel", "cluster")]
    [InlineData("cluster", "sentinel")]
    public async Task Every_key_and_every_change_arrives(string from, string to)
    {
        await using var source = await DeploymentAsync(from);
        await using var target = await DeploymentAsync(to);
        await using var left = await ServerLink.ConnectAsync(source.Client);
        await using var right = await ServerLink.ConnectAsync(target.Client);
        var keys = new KeySpace(Seed: 602, Count: 1_000);
        await new Filler(left, keys).FillAsync(Stop);
        using var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        _ = await new Writer(left, keys, new WriterOptions(500, keys.Seed), TimeProvider.System).RunAsync(TimeSpan.FromSeconds(2), Stop);
        await Task.Delay(WriterOptions.LongestShortLifeMilliseconds + 100, Stop);
        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(90), Stop);

        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
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

    private static async Task<Deployment> DeploymentAsync(string kind)
    {
        switch (kind)
        {
            case "sentinel":
                var pair = await SentinelPair.StartAsync();
                return new Deployment(pair, pair.Endpoint, pair.Primary.Uri);
            case "cluster":
                var cluster = await RedisCluster.StartAsync(ServerKind.Machine, primaries: 2);
                return new Deployment(cluster, cluster.Endpoint, $"{cluster.Endpoint}");
            default:
                var server = await RedisServer.StartAsync(ServerKind.Machine);
                return new Deployment(server, server.Endpoint, server.Uri);
        }
    }

    private static async Task WriteAsync(RedisServer primary, int keys)
    {
        var client = await primary.ConnectAsync();
        for (var i = 0; i < keys; i++)
        {
            await client.GetDatabase().StringSetAsync($"after:{i}", i, flags: CommandFlags.DemandMaster);
        }
    }

    /// <summary>What is migrated, and the address that an independent client uses.</summary>
    private sealed record Deployment(IAsyncDisposable Servers, Endpoint Endpoint, string Client) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Servers.DisposeAsync();
    }
}
