using System.Diagnostics;
using Keyferry.Integration.Load;
using Keyferry.Model;
using Keyferry.Traffic.Keys;

namespace Keyferry.Integration.Faults;

/// <summary>Faults under load: what piles up is bounded, what is cut off is noticed at once, and everything catches up.</summary>
[Collection(nameof(LoadCollection))]
public sealed class LoadFaultTests(ITestOutputHelper output)
{
    /// <summary>Keys on their way come back to the queue whatever its budget: a few batches of 512 short names.</summary>
    private const long OnTheirWay = 512 * 1024;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Category", "Long")]
    public Task Subscriber_cut_off_by_the_server_is_noticed_within_a_second() =>
        OverflowAsync("pubsub 4194304 0 0", writesPerSecond: 20_000, TimeSpan.FromSeconds(5));

    [Fact]
    [Trait("Category", "Long")]
    public Task Subscriber_cut_off_at_sixty_thousand_writes_a_second_is_noticed_within_a_second() =>
        OverflowAsync("pubsub 33554432 8388608 60", writesPerSecond: 60_000, TimeSpan.FromSeconds(15));

    [Fact]
    public Task Target_away_for_ten_seconds_costs_no_more_memory_than_the_budget() => OutageAsync(TimeSpan.FromSeconds(10), 5000);

    [Fact]
    [Trait("Category", "Long")]
    public Task Target_away_for_a_minute_costs_no_more_memory_than_the_budget() => OutageAsync(TimeSpan.FromSeconds(60), 10_000);

    [Fact]
    public async Task Burst_of_changes_beyond_the_budget_is_a_gap_and_ends_equal()
    {
        const long budget = 256 * 1024;
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 400, Count: 1000));
        var most = 0L;

        var outcome = await bench.RunAsync(
            seed: 400,
            writesPerSecond: 500,
            async stop =>
            {
                await bench.ReachAsync(Phase.Following, stop);
                // The lane is held back, so that the burst must wait in the queue.
                bench.Target.Proxy.Stall();
                var burst = PipedSets.SendAsync(bench.Source.Server.Port, 100_000, stop);
                await bench.UntilAsync(() => Watch(bench, ref most) && burst.IsCompleted, "the burst", stop);
                bench.Target.Proxy.Resume();
                await bench.UntilAsync(() => Watch(bench, ref most) && CaughtUp(bench), "the run to catch up under writes", stop);
            },
            Stop,
            static options => options with { DirtyBudget = budget }
        );

        outcome.AssertEqual("burst");
        Assert.Contains(bench.Log.Gaps, static gap => gap.Reason.Contains("budget", StringComparison.Ordinal));
        Assert.InRange(most, 1, budget + OnTheirWay);
    }

    private async Task OutageAsync(TimeSpan away, int writesPerSecond)
    {
        const long budget = 1024 * 1024;
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 401, Count: 60_000, Databases: 2));
        var (most, memory, caughtUp) = (0L, 0L, TimeSpan.Zero);

        var outcome = await bench.RunAsync(
            seed: 401,
            writesPerSecond,
            async stop =>
            {
                await bench.ReachAsync(Phase.Following, stop);
                bench.Target.Proxy.Refuse();
                bench.Target.Proxy.Reset();
                var outage = Stopwatch.StartNew();
                var written = await WritesAsync(bench);
                await bench.UntilAsync(() => Watch(bench, ref most) && outage.Elapsed > away, "the end of the outage", stop);
                memory = Environment.WorkingSet;
                output.WriteLine($"{(await WritesAsync(bench) - written) / outage.Elapsed.TotalSeconds:N0} writes/s during the outage");
                outage.Restart();
                bench.Target.Proxy.Accept();
                await bench.UntilAsync(() => Watch(bench, ref most) && CaughtUp(bench), "the run to catch up under writes", stop);
                caughtUp = outage.Elapsed;
            },
            Stop,
            static options => options with { DirtyBudget = budget, OutageBudget = TimeSpan.FromMinutes(5) }
        );

        output.WriteLine(
            $"at most {most:N0} bytes of dirty keys, budget {budget:N0}; the process of both engine and writer had {memory >> 20} MiB; caught up after {caughtUp.TotalSeconds:0.0} s"
        );
        outcome.AssertEqual("outage");
        Assert.InRange(most, 1, budget + OnTheirWay);
    }

    private async Task OverflowAsync(string limit, int writesPerSecond, TimeSpan duration)
    {
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 402, Count: 5000));
        var (cut, noticed) = (DateTimeOffset.MinValue, DateTimeOffset.MinValue);

        var outcome = await bench.RunAsync(
            seed: 402,
            writesPerSecond: 0,
            async stop =>
            {
                await bench.ReachAsync(Phase.Following, stop);
                await bench.Source.CallAsync("CONFIG", "SET", "client-output-buffer-limit", limit);
                bench.Source.Proxy.Stall(ProxyDirection.ToClient);
                var load = SteadySets.SendAsync(bench.Source.Server.Port, writesPerSecond, duration, stop);
                while (
                    (await bench.Source.CallAsync("CLIENT", "LIST", "TYPE", "pubsub"))
                        .ToString()
                        .Contains("capture", StringComparison.Ordinal)
                )
                {
                    await Task.Delay(20, stop);
                }

                cut = TimeProvider.System.GetUtcNow();
                bench.Source.Proxy.Resume();
                await bench.UntilAsync(() => bench.Log.Gaps.Count > 0, "the gap", stop);
                noticed = bench.Log.Gaps.First().At;
                output.WriteLine(
                    $"{await load / duration.TotalSeconds:N0} writes/s; noticed {(noticed - cut).TotalMilliseconds:0} ms after the cut"
                );
                await bench.UntilAsync(() => bench.Progress.OpenGaps == 0, "the gap to be closed", stop);
            },
            Stop
        );

        outcome.AssertEqual("overflow");
        Assert.True(noticed - cut < TimeSpan.FromSeconds(1), $"cut at {cut:O}, noticed at {noticed:O}\n{outcome}");
    }

    /// <summary>Changes of the source's data, by its own count.</summary>
    private static async Task<long> WritesAsync(FaultBench bench)
    {
        var info = (await bench.Source.CallAsync("INFO", "persistence")).ToString();
        var line = info.Split('\n').First(static line => line.StartsWith("rdb_changes_since_last_save:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1]);
    }

    private static bool CaughtUp(FaultBench bench) =>
        bench.Progress is { Phase: Phase.Following } now && now.OldestWaiting < TimeSpan.FromSeconds(1);

    private static bool Watch(FaultBench bench, ref long most)
    {
        most = Math.Max(most, bench.Progress.WaitingBytes);
        return true;
    }
}
