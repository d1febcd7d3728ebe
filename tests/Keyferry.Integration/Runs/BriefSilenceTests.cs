using Keyferry.Capture;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Runs;

/// <summary>Notification flags that somebody takes away and gives back between two looks, on a source before 7.0, which counts all uses of CONFIG as one.</summary>
/// <remarks>The tests' client uses CONFIG when it connects: it does so before a run begins.</remarks>
public sealed class BriefSilenceTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_write_that_nobody_heard_is_moved_by_closing_a_gap()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Redis60);
        await using var target = await RedisServer.StartAsync(ServerKind.Redis60);
        var (here, there) = ((await source.ConnectAsync()).GetDatabase(), (await target.ConnectAsync()).GetDatabase());
        using var run = await FollowAsync(source, target);

        var silence = here.CreateTransaction();
        Task[] done =
        [
            silence.ExecuteAsync("CONFIG", "SET", "notify-keyspace-events", ""),
            silence.StringSetAsync("unheard", "1"),
            silence.ExecuteAsync("CONFIG", "SET", "notify-keyspace-events", "AKE"),
        ];
        Assert.True(await silence.ExecuteAsync());
        await Task.WhenAll(done);
        while (run.Run.Progress is { Gaps: 0 } or { OpenGaps: > 0 })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }

        Assert.Equal("1", await there.StringGetAsync("unheard"));
        Assert.Contains("others ran CONFIG on the source", run.Log.ToString(), StringComparison.Ordinal);
        await run.FinishAsync();
        var report = await run.Ended;
        Assert.Equal((Verdict.Equal, 1), (report.Verdict, report.Progress.Gaps));
        Assert.Empty(report.Premises);
    }

    [Fact]
    public async Task Whoever_reads_the_configuration_all_the_time_is_named_and_does_not_keep_the_run_from_ending()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Redis60);
        await using var target = await RedisServer.StartAsync(ServerKind.Redis60);
        var here = (await source.ConnectAsync()).GetDatabase();
        using var run = await FollowAsync(source, target);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var monitoring = MonitorAsync(here, over.Token);
        // Two that come close together are one.
        while (!run.Log.ToString().Contains("taken for monitoring", StringComparison.Ordinal) || run.Run.Progress.OpenGaps > 0)
        {
            Assert.False(run.Ended.IsCompleted, run.Log.ToString());
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }

        await run.FinishAsync();
        var report = await run.Ended;
        await over.CancelAsync();
        await monitoring;

        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.InRange(report.Progress.Gaps, 2, FlagSetters.MostGaps);
        Assert.Matches("never off and on again within 1 s: others ran CONFIG [0-9]+ times", Assert.Single(report.Premises));
    }

    private static async Task MonitorAsync(IDatabase source, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            _ = await source.ExecuteAsync("CONFIG", "GET", "maxmemory");
            await Task.Delay(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        }
    }

    private static async Task<EngineRun> FollowAsync(RedisServer source, RedisServer target)
    {
        _ = await source.CommandAsync("SET", "early", "1");
        var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        return run;
    }
}
