using Keyferry.Capture;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Throttle;
using Keyferry.Traffic.Keys;

namespace Keyferry.Integration.Clusters;

/// <summary>Failovers and moved slots on either side while a migration copies and follows: what was missed is noticed, and both sides end equal.</summary>
public sealed class ClusterFaultTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Seeds, every other one with tracking as capture. Each is a trait, so that it can be run by itself.</summary>
    public static TheoryData<ulong, bool> TenSeeds =>
        [
            .. Enumerable
                .Range(401, 10)
                .Select(static seed => new TheoryDataRow<ulong, bool>((ulong)seed, seed % 2 == 0) { Traits = { ["Seed"] = [$"{seed}"] } }),
        ];

    [Theory]
    [InlineData(SourceReads.Primary)]
    [InlineData(SourceReads.Replica)]
    public async Task Slots_that_move_and_a_failover_end_in_equal(SourceReads reads)
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 301, Count: 2_000), 3, 3, Stop, replicas: 1);
        await pair.MigrateUnderWritesAsync(
            pair.Options with
            {
                SourceReads = reads,
                KeysPerSecond = 400,
            },
            Stop,
            copying: run =>
                WhileCopyingAsync(
                    run,
                    async () =>
                    {
                        await MoveSlotsAsync(pair.SourceCluster, 40);
                        await FailOverAsync(pair.TargetCluster, 2);
                    }
                ),
            following: async _ =>
            {
                await MoveSlotsAsync(pair.TargetCluster, 40);
                await FailOverAsync(pair.SourceCluster, 1);
            },
            writesPerSecond: 300
        );
    }

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(TenSeeds))]
    public async Task Two_thousand_slots_and_failovers_of_both_sides_end_in_equal(ulong seed, bool tracking)
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(seed, Count: 60_000), 3, 3, Stop, replicas: 1);
        await pair.MigrateUnderWritesAsync(
            pair.Options with
            {
                Capture = tracking ? CaptureKind.Tracking : CaptureKind.Notifications,
                KeysPerSecond = 1_000,
            },
            Stop,
            copying: run => WhileCopyingAsync(run, () => DisturbAsync(pair, (int)(seed % 2))),
            following: _ => DisturbAsync(pair, 2),
            writesPerSecond: 500
        );
    }

    /// <summary>Moves 2,000 slots on both sides, and has a replica of each side take over: on one because it is told to, on the other because its primary is killed.</summary>
    private static async Task DisturbAsync(ClusterPair pair, int primary)
    {
        await Task.WhenAll(MoveSlotsAsync(pair.SourceCluster, 2000), MoveSlotsAsync(pair.TargetCluster, 2000));
        await FailOverAsync(pair.SourceCluster, primary);
        await (pair.TargetCluster?.KillPrimaryAsync(primary) ?? Task.CompletedTask);
    }

    /// <summary>The copy is held to so few keys a second that it goes on until the disturbance is over, and then let go.</summary>
    private static async Task WhileCopyingAsync(EngineRun run, Func<Task> disturbAsync)
    {
        await disturbAsync();
        var progress = run.Run.Progress;
        Assert.True(progress is { Phase: Phase.Copying, CopyDone: false }, $"the copy was over before the disturbance was: {progress}");
        run.Run.Control.Pace.Limits = PaceLimits.None;
    }

    private static Task FailOverAsync(RedisCluster? cluster, int primary) => cluster?.FailOverAsync(primary) ?? Task.CompletedTask;

    /// <summary>From whichever node serves slots now to another.</summary>
    private static async Task MoveSlotsAsync(RedisCluster? cluster, int slots)
    {
        if (cluster is not null)
        {
            var primaries = await cluster.PrimariesAsync();
            await RedisCluster.ReshardAsync(primaries[0], primaries[1], slots);
        }
    }
}
