using Keyferry.Integration.Load;
using Keyferry.Model;
using Keyferry.Traffic.Keys;

namespace Keyferry.Integration.Faults;

/// <summary>Each fault on its own, in the copy and after it, under writes of all types: the run recovers, and both sides are equal.</summary>
[Collection(nameof(LoadCollection))]
public sealed class FaultTests
{
    private const int WritesPerSecond = 2000;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(400);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. FaultKinds.All.Select(static fault => fault.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Run_recovers_and_both_sides_are_equal(string name)
    {
        var fault = FaultKinds.All.Single(one => one.Name == name);
        var keys = new KeySpace(Seed: 300, Count: 3000, Databases: 2);
        await using var bench = await FaultBench.StartAsync(keys);

        var outcome = await bench.RunAsync(seed: 300, WritesPerSecond, stop => StrikeTwiceAsync(bench, fault, stop), Stop);

        outcome.AssertEqual(name);
    }

    [Fact]
    public async Task Consumer_groups_changed_at_the_very_end_are_on_the_target()
    {
        var groups = FaultKinds.All.Single(static one => one.Name == "consumer groups");
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 301, Count: 500));

        var outcome = await bench.RunAsync(
            seed: 301,
            writesPerSecond: 0,
            async stop =>
            {
                await groups.StrikeAsync(bench, TimeSpan.Zero, stop);
                await bench.ReachAsync(Phase.Following, stop);
                await Task.Delay(1500, stop);
                await groups.StrikeAsync(bench, TimeSpan.Zero, stop);
            },
            Stop
        );

        outcome.AssertEqual("consumer groups");
    }

    /// <summary>Client ids begin anew with a process: the id of the lane's last connection may be anybody's then.</summary>
    [Fact]
    public async Task Nobody_else_is_killed_after_a_restart_of_the_target()
    {
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 302, Count: 500));
        var lost = 0;
        for (var i = 0; i < 15; i++)
        {
            // So that the lane's first connection has an id that a stranger will have later.
            await bench.Target.Server.CommandAsync("PING");
        }

        var outcome = await bench.RunAsync(
            seed: 302,
            writesPerSecond: 500,
            async stop =>
            {
                await bench.ReachAsync(Phase.Following, stop);
                bench.Target.Proxy.Refuse();
                await bench.Target.KillAndRestartAsync(TimeSpan.Zero, empty: false, stop);
                for (var i = 0; i < 30; i++)
                {
                    var stranger = await bench.Target.Server.ConnectAsync();
                    stranger.ConnectionFailed += (_, _) => Interlocked.Increment(ref lost);
                }

                bench.Target.Proxy.Accept();
                var moved = bench.Progress.Written;
                await bench.UntilAsync(() => bench.Progress.Written > moved, "the lane to go on", stop);
                await Task.Delay(200, stop);
                Assert.Equal(0, lost);
            },
            Stop
        );

        outcome.AssertEqual("restart of the target");
    }

    /// <summary>An outage counts from its beginning, not from the last key that was moved before it.</summary>
    [Fact]
    public async Task Lost_connection_after_a_long_quiet_time_is_no_outage()
    {
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 303, Count: 0));

        var outcome = await bench.RunAsync(
            seed: 303,
            writesPerSecond: 0,
            async stop =>
            {
                await bench.ReachAsync(Phase.Following, stop);
                await Task.Delay(4000, stop);
                bench.Target.Proxy.Reset();
                await bench.Source.CallAsync("SET", "after", "the quiet time");
                await Task.Delay(1500, stop);
            },
            Stop,
            static options => options with { OutageBudget = TimeSpan.FromSeconds(3) }
        );

        outcome.AssertEqual("a long quiet time");
    }

    /// <summary>What the target has forgotten is noticed when it comes back, not only by the comparison at the end.</summary>
    [Fact]
    public async Task Target_that_comes_back_empty_is_a_gap()
    {
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 304, Count: 2000));

        var outcome = await bench.RunAsync(
            seed: 304,
            WritesPerSecond,
            async stop =>
            {
                await bench.ReachAsync(Phase.Following, stop);
                await bench.Target.KillAndRestartAsync(TimeSpan.Zero, empty: true, stop);
                await bench.UntilAsync(() => bench.Progress is { Gaps: > 0, OpenGaps: 0 }, "the gap to be closed", stop);
            },
            Stop
        );

        Assert.Contains(bench.Log.Gaps, static gap => gap.Reason.Contains("the target was restarted", StringComparison.Ordinal));
        outcome.AssertEqual("target empty");
    }

    /// <summary>No lane meets a target to which nothing is written, and nobody hands over: it is noticed all the same, while the run follows.</summary>
    [Fact]
    public async Task Target_that_comes_back_empty_while_nothing_is_written_is_a_gap()
    {
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 308, Count: 500));

        var outcome = await bench.RunAsync(
            seed: 308,
            writesPerSecond: 0,
            async stop =>
            {
                await bench.ReachAsync(Phase.Following, stop);
                var written = bench.Progress.Written;
                await bench.Target.KillAndRestartAsync(TimeSpan.Zero, empty: true, stop);
                await bench.UntilAsync(() => bench.Progress is { Gaps: > 0, OpenGaps: 0 }, "the gap to be closed", stop);
                Assert.True(bench.Progress.Written > written, "nothing was moved again");
            },
            Stop
        );

        Assert.Contains(bench.Log.Gaps, static gap => gap.Reason.Contains("the target was restarted", StringComparison.Ordinal));
        outcome.AssertEqual("target empty");
    }

    /// <summary>A connection that is lost in the minute of the proof must not cost the whole run.</summary>
    [Theory]
    [InlineData("source")]
    [InlineData("target")]
    public async Task Server_away_for_a_moment_when_the_proof_begins_is_waited_for(string role)
    {
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 305, Count: 2000));
        var proxy = (role == "source" ? bench.Source : bench.Target).Proxy;

        var outcome = await bench.RunAsync(
            seed: 305,
            writesPerSecond: 0,
            stop => bench.ReachAsync(Phase.Following, stop),
            Stop,
            atTheEnd: async stop =>
            {
                proxy.Refuse();
                proxy.Reset();
                await Task.Delay(1500, stop);
                proxy.Accept();
            }
        );

        outcome.AssertEqual(role);
    }

    /// <summary>Keys that were equal when they were compared and are gone when the comparison ends must not count as equal.</summary>
    [Fact]
    public async Task Target_that_loses_its_data_during_the_proof_is_filled_again()
    {
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 306, Count: 5000));

        var outcome = await bench.RunAsync(
            seed: 306,
            writesPerSecond: 0,
            stop => bench.ReachAsync(Phase.Following, stop),
            Stop,
            atTheEnd: async stop =>
            {
                bench.Target.Proxy.Slow(ProxyDirection.ToClient, TimeSpan.FromMilliseconds(150));
                await bench.UntilAsync(() => bench.Progress.Verified >= 1000, "the comparison to be on its way", stop);
                Assert.Equal(Phase.Proving, bench.Progress.Phase);
                await bench.Target.KillAndRestartAsync(TimeSpan.Zero, empty: true, stop);
            }
        );

        outcome.AssertEqual("target empty");
    }

    /// <summary>A write on a lost connection may come late, and nothing can end that connection: said, not passed over.</summary>
    [Fact]
    public async Task Lost_connection_whose_id_the_user_may_not_ask_for_is_told()
    {
        await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: 307, Count: 500));
        await bench.Target.CallAsync("ACL", "SETUSER", "mover", "on", ">pw", "~*", "&*", "+@all", "-client|id");

        var outcome = await bench.RunAsync(
            seed: 307,
            writesPerSecond: 500,
            async stop =>
            {
                await bench.ReachAsync(Phase.Following, stop);
                bench.Target.Proxy.Reset();
                var moved = bench.Progress.Written;
                await bench.UntilAsync(() => bench.Progress.Written > moved, "the lane to go on", stop);
            },
            Stop,
            static options => options with { Target = options.Target with { User = "mover", Password = new Secret("pw") } }
        );

        Assert.Contains("could not be killed on the target", bench.Log.ToString(), StringComparison.Ordinal);
        outcome.AssertEqual("no client id");
    }

    private static async Task StrikeTwiceAsync(FaultBench bench, Fault fault, CancellationToken stop)
    {
        // Once into the copy, as far as it is not over by then, and once into what follows.
        await bench.ReachAsync(Phase.Copying, stop);
        await Task.Delay(bench.Dice.Below(100), stop);
        await StrikeAsync(bench, fault, TimeSpan.FromMilliseconds(300), stop);
        await bench.ReachAsync(Phase.Following, stop);
        await Task.Delay(bench.Dice.Between(100, 600), stop);
        await StrikeAsync(bench, fault, fault.Least > Shortest ? fault.Least : Shortest, stop);
        await Task.Delay(bench.Dice.Between(100, 600), stop);
    }

    private static async Task StrikeAsync(FaultBench bench, Fault fault, TimeSpan time, CancellationToken stop)
    {
        bench.Log.Add($"-- {fault}, {time.TotalMilliseconds:0} ms");
        await fault.StrikeAsync(bench, time, stop);
        bench.Log.Add($"-- {fault} is over");
    }
}
