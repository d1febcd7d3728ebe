using System.Diagnostics;
using Keyferry.Integration.Faults;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Throttle;

namespace Keyferry.Integration.Throttle;

/// <summary>What Keyferry takes from a real source, and how that is changed while it goes on.</summary>
public sealed class PaceTests : IAsyncLifetime
{
    private RedisServer? _source;
    private RedisServer? _target;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private RedisServer Source => _source ?? throw new InvalidOperationException("not started");

    private RedisServer Target => _target ?? throw new InvalidOperationException("not started");

    private MigrationOptions Options => new() { Source = Source.Endpoint, Target = Target.Endpoint };

    public async ValueTask InitializeAsync()
    {
        _source = await RedisServer.StartAsync(ServerKind.Machine);
        _target = await RedisServer.StartAsync(ServerKind.Machine);
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }

    [Fact]
    public async Task A_copy_keeps_the_limit_until_it_is_lifted()
    {
        _ = await Source.CommandAsync("DEBUG", "POPULATE", 6000);
        var began = Stopwatch.GetTimestamp();
        using var run = EngineRun.Start(Options with { KeysPerSecond = 1000, Verify = false }, Stop);
        await run.ReachAsync(Phase.Copying, Stop);
        await Task.Delay(TimeSpan.FromSeconds(2), Stop);

        var written = run.Run.Progress.Written;
        // SCAN's share counts, too.
        Assert.InRange(written, 500, 1200 * Stopwatch.GetElapsedTime(began).TotalSeconds);

        run.Run.Control.Pace.Limits = PaceLimits.None;
        await run.ReachAsync(Phase.Following, Stop);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5), "the limit was not lifted");
        await run.FinishAsync();
        Assert.Equal(6000, (await run.Ended).Progress.Written);
    }

    [Fact]
    public async Task Changes_go_before_the_copy()
    {
        _ = await Source.CommandAsync("DEBUG", "POPULATE", 3000);
        using var run = EngineRun.Start(Options with { KeysPerSecond = 500 }, Stop);
        await run.ReachAsync(Phase.Copying, Stop);
        var source = (await Source.ConnectAsync()).GetDatabase();
        var target = (await Target.ConnectAsync()).GetDatabase();

        await source.StringSetAsync("changed", "1");
        var changed = Stopwatch.GetTimestamp();
        while (!await target.KeyExistsAsync("changed"))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), Stop);
        }

        Assert.True(Stopwatch.GetElapsedTime(changed) < TimeSpan.FromSeconds(2), "the change waited for the copy");
        Assert.Equal(Phase.Copying, run.Run.Progress.Phase);
        run.Run.Control.Pace.Limits = PaceLimits.None;
        await run.ReachAsync(Phase.Following, Stop);
        await run.FinishAsync();
        Assert.Equal(Verdict.Equal, (await run.Ended).Verdict);
    }

    [Fact]
    public async Task A_limit_below_what_changes_is_said()
    {
        using var run = EngineRun.Start(Options with { KeysPerSecond = 20 }, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        var source = (await Source.ConnectAsync()).GetDatabase();
        for (var i = 0; !run.Log.ToString().Contains("below what changes", StringComparison.Ordinal); i++)
        {
            await source.StringSetAsync($"key:{i}", "1");
            await Task.Delay(TimeSpan.FromMilliseconds(10), Stop);
            Assert.True(i < 3000, "nothing was said");
        }

        run.Run.Control.Pace.Limits = PaceLimits.None;
        await run.FinishAsync();
        Assert.Equal(Verdict.Equal, (await run.Ended).Verdict);
    }

    [Fact]
    public async Task A_budget_below_the_round_trip_is_refused()
    {
        await using var proxy = FaultProxy.Start(Source.Port);
        proxy.Slow(ProxyDirection.ToServer, TimeSpan.FromMilliseconds(20));
        using var run = EngineRun.Start(
            Options with
            {
                Source = proxy.Endpoint,
                SourceLatencyBudget = TimeSpan.FromMilliseconds(10),
            },
            Stop
        );
        var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);
        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("--source-latency-budget", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_becomes_slow_is_read_slowly_until_it_is_well()
    {
        _ = await Source.CommandAsync("DEBUG", "POPULATE", 60_000);
        await using var proxy = FaultProxy.Start(Source.Port);
        using var run = EngineRun.Start(
            Options with
            {
                Source = proxy.Endpoint,
                SourceLatencyBudget = TimeSpan.FromMilliseconds(50),
                Verify = false,
            },
            Stop
        );
        await run.ReachAsync(Phase.Copying, Stop);
        proxy.Slow(ProxyDirection.ToServer, TimeSpan.FromMilliseconds(120));
        await UntilAsync(() => run.Run.Progress.Pace is { SlowDowns: > 0, AllowedKeysPerSecond: < 2000 });
        proxy.Slow(ProxyDirection.ToServer, TimeSpan.Zero);
        await run.ReachAsync(Phase.Following, Stop);
        await run.FinishAsync();

        var report = await run.Ended;
        var slow = Assert.Single(report.SlowDowns.Take(1));
        Assert.True(slow.Worst > TimeSpan.FromMilliseconds(50), slow.Words);
        Assert.Contains("above its budget of 50", run.Log.ToString(), StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> reached)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!reached())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }
    }
}
