using System.Diagnostics;
using Keyferry.Integration.Faults;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Replicas;

/// <summary>A primary, a replica that follows it through a proxy, and a target.</summary>
internal sealed class ReplicatedSource : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _left;
    private readonly ConnectionMultiplexer _right;

    private ReplicatedSource(
        (RedisServer Primary, RedisServer Replica, RedisServer Target) servers,
        FaultProxy replication,
        ConnectionMultiplexer left,
        ConnectionMultiplexer right
    ) => ((Primary, Replica, Target), Replication, _left, _right) = (servers, replication, left, right);

    public RedisServer Primary { get; }

    public RedisServer Replica { get; }

    public RedisServer Target { get; }

    /// <summary>Between the replica and its primary.</summary>
    public FaultProxy Replication { get; }

    public IDatabase From => _left.GetDatabase();

    public IDatabase To => _right.GetDatabase();

    public MigrationOptions Options =>
        new()
        {
            Source = Primary.Endpoint,
            Target = Target.Endpoint,
            SourceReads = SourceReads.Replica,
        };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<ReplicatedSource> StartAsync(params string[] replicaSettings)
    {
        var primary = await RedisServer.StartAsync(ServerKind.Machine, "--repl-diskless-sync-delay", "0");
        var replication = FaultProxy.Start(primary.Port);
        // The primary sees the replica's connection come from the proxy; the port that it names is the replica's own.
        var replica = await RedisServer.StartAsync(
            ServerKind.Machine,
            ["--replicaof", "127.0.0.1", $"{replication.Port}", .. replicaSettings]
        );
        var target = await RedisServer.StartAsync(ServerKind.Machine);
        var source = new ReplicatedSource(
            (primary, replica, target),
            replication,
            await primary.ConnectAsync(),
            await target.ConnectAsync()
        );
        await UntilAsync(async () =>
            (await RedisCluster.AskAsync(replica, "INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal)
        );
        return source;
    }

    public EngineRun Start() => EngineRun.Start(Options, Stop);

    /// <summary>Sets keys of the source.</summary>
    public async Task SetAsync(int keys, string value)
    {
        for (var i = 0; i < keys; i++)
        {
            _ = await From.StringSetAsync($"key:{i}", value);
        }
    }

    /// <summary>Waits until the target has this value in all of so many keys.</summary>
    public Task ArriveAsync(int keys, string value) =>
        UntilAsync(async () =>
        {
            var values = await To.StringGetAsync([.. Enumerable.Range(0, keys).Select(static i => (RedisKey)$"key:{i}")]);
            return Array.TrueForAll(values, one => one == value);
        });

    /// <summary>Ends a run, which must have found both sides equal; and they must be.</summary>
    public async Task EndEqualAsync(EngineRun run)
    {
        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Equal(await Primary.DebugDigestAsync(), await Target.DebugDigestAsync());
    }

    /// <summary>Waits until <paramref name="reached"/> holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> reached)
    {
        var waited = Stopwatch.StartNew();
        while (!await reached())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), "it was waited for in vain");
            await Task.Delay(50, Stop);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _left.DisposeAsync();
        await _right.DisposeAsync();
        await Replica.DisposeAsync();
        await Replication.DisposeAsync();
        await Primary.DisposeAsync();
        await Target.DisposeAsync();
    }
}
