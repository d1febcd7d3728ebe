using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;

namespace Keyferry.Integration.Clusters;

/// <summary>A source and a target, each a cluster or a server on its own, with keys of all types in the source and independent clients of both.</summary>
internal sealed class ClusterPair : IAsyncDisposable
{
    private static readonly TimeSpan EndBudget = TimeSpan.FromMinutes(2);

    private readonly List<IAsyncDisposable> _owned = [];

    private ClusterPair(KeySpace keys) => Keys = keys;

    public KeySpace Keys { get; }

    public RedisCluster? SourceCluster { get; private set; }

    public RedisCluster? TargetCluster { get; private set; }

    public Endpoint SourceEndpoint { get; private set; } = new() { Host = "" };

    public Endpoint TargetEndpoint { get; private set; } = new() { Host = "" };

    public ServerLink Source { get; private set; } = null!;

    public ServerLink Target { get; private set; } = null!;

    public MigrationOptions Options => new() { Source = SourceEndpoint, Target = TargetEndpoint };

    /// <param name="keys">What the source is filled with.</param>
    /// <param name="sourcePrimaries">Primaries of the source, or 0 for a server on its own.</param>
    /// <param name="targetPrimaries">Primaries of the target, or 0 for a server on its own.</param>
    /// <param name="replicas">Replicas of each primary.</param>
    /// <param name="kind">Which servers.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<ClusterPair> StartAsync(
        KeySpace keys,
        int sourcePrimaries,
        int targetPrimaries,
        CancellationToken stop,
        int replicas = 0,
        ServerKind kind = ServerKind.Machine
    )
    {
        var pair = new ClusterPair(keys);
        try
        {
            (pair.SourceCluster, pair.SourceEndpoint) = await pair.StartSideAsync(kind, sourcePrimaries, replicas);
            (pair.TargetCluster, pair.TargetEndpoint) = await pair.StartSideAsync(kind, targetPrimaries, replicas);
            pair.Source = await pair.LinkAsync(pair.SourceEndpoint);
            pair.Target = await pair.LinkAsync(pair.TargetEndpoint);
            await new Filler(pair.Source, keys).FillAsync(stop);
            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    public Writer Writer(int writesPerSecond) => new(Source, Keys, new WriterOptions(writesPerSecond, Keys.Seed), TimeProvider.System);

    /// <summary>Fails unless both sides hold the same, key by key.</summary>
    public async Task AssertEqualAsync(string context, CancellationToken stop)
    {
        await Task.Delay(WriterOptions.LongestShortLifeMilliseconds + 100, stop);
        var report = await new ServerComparison(Source, Target, TimeSpan.FromMilliseconds(5)).RunAsync(stop);
        Assert.True(report.AreEqual, $"{report}\n{context}");
    }

    /// <summary>Migrates while a writer is at work, disturbed meanwhile, and asserts that both sides end equal.</summary>
    public async Task MigrateUnderWritesAsync(
        MigrationOptions options,
        CancellationToken stop,
        Func<EngineRun, Task>? copying = null,
        Func<EngineRun, Task>? following = null,
        int writesPerSecond = 1000
    )
    {
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var writer = Writer(writesPerSecond).RunAsync(duration: null, writing.Token);
        using var run = EngineRun.Start(options, stop);
        await run.ReachAsync(Phase.Copying, stop);
        await (copying?.Invoke(run) ?? Task.CompletedTask);
        await run.ReachAsync(Phase.Following, stop);
        await (following?.Invoke(run) ?? Task.Delay(1000, stop));
        await writing.CancelAsync();
        _ = await writer;
        await Task.Delay(WriterOptions.LongestShortLifeMilliseconds + 100, stop);
        await run.FinishAsync();
        if (await Task.WhenAny(run.Ended, Task.Delay(EndBudget, stop)) != run.Ended)
        {
            Assert.Fail($"The run did not end within {EndBudget}: {run.Run.Progress}\n{run.Log}\n{await DescribeAsync()}");
        }

        var report = await run.Ended;
        var context = $"seed {Keys.Seed}: {string.Join("; ", report.Reasons)}\n{run.Log}";
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict} {context}");
        await AssertEqualAsync(context, stop);
    }

    private async Task<string> DescribeAsync() =>
        string.Join(
            '\n',
            await Task.WhenAll(new[] { SourceCluster, TargetCluster }.OfType<RedisCluster>().Select(static one => one.DescribeAsync()))
        );

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
        {
            await _owned[i].DisposeAsync();
        }
    }

    private async Task<(RedisCluster?, Endpoint)> StartSideAsync(ServerKind kind, int primaries, int replicas)
    {
        if (primaries == 0)
        {
            var server = await RedisServer.StartAsync(kind);
            _owned.Add(server);
            return (null, server.Endpoint);
        }

        var cluster = await RedisCluster.StartAsync(kind, primaries, replicas);
        _owned.Add(cluster);
        return (cluster, cluster.Endpoint);
    }

    private async Task<ServerLink> LinkAsync(Endpoint endpoint)
    {
        var link = await ServerLink.ConnectAsync($"{endpoint}");
        _owned.Add(link);
        return link;
    }
}
