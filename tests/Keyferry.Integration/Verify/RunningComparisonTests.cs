using Keyferry.Capture;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Integration.Verify;

/// <summary>While a live run follows, with a cutover or without, both sides are compared beside it.</summary>
public sealed class RunningComparisonTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_others_change_on_the_target_is_mended_and_counted_while_a_run_without_a_cutover_follows()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Valkey81);
        await using var target = await RedisServer.StartAsync(ServerKind.Valkey81);
        _ = await source.CommandAsync("MSET", "a", "right", "b", "right", "c", "right");
        using var run = Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint });
        await ComparedAsync(run);

        _ = await target.CommandAsync("SET", "a", "alien");
        _ = await target.CommandAsync("DEL", "b");
        _ = await target.CommandAsync("SET", "d", "alien");

        // Not by DEBUG DIGEST: whoever runs DEBUG on the source opens a gap, whose rescan would mend them first.
        while (
            (string?)await target.CommandAsync("GET", "a") != "right"
            || (string?)await target.CommandAsync("GET", "b") != "right"
            || (int)await target.CommandAsync("EXISTS", "d") > 0
        )
        {
            Assert.False(run.Ended.IsCompleted, run.Log.ToString());
            await Task.Delay(TimeSpan.FromMilliseconds(50), Stop);
        }

        await ComparedAsync(run);
        await run.FinishAsync();
        var report = await run.Ended;
        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.Equal(await source.DebugDigestAsync(), await target.DebugDigestAsync());
        Assert.Equal(3, report.Verify?.PutRight);
        Assert.True(report.Verify?.Repaired >= 3, $"{report.Verify?.Repaired} mended");
        Assert.Contains("that somebody else wrote on", run.Log.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ServerKind.Redis60, MigrationMode.Live, true, CaptureKind.Auto)]
    [InlineData(ServerKind.Valkey81, MigrationMode.LiveOnly, true, CaptureKind.Auto)]
    [InlineData(ServerKind.Valkey81, MigrationMode.Live, false, CaptureKind.Auto)]
    [InlineData(ServerKind.Valkey81, MigrationMode.Live, true, CaptureKind.Polling)]
    public async Task It_does_not_run_where_it_would_do_harm_or_is_not_wanted(
        ServerKind kind,
        MigrationMode mode,
        bool verify,
        CaptureKind capture
    )
    {
        await using var source = await RedisServer.StartAsync(kind);
        await using var target = await RedisServer.StartAsync(kind);
        _ = await source.CommandAsync("SET", "a", "1");
        var options = new MigrationOptions
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            Mode = mode,
            Verify = verify,
            Capture = capture,
        };
        Assert.DoesNotContain("compare both sides meanwhile", await FollowsAsync(options), StringComparison.Ordinal);
        using var run = Start(options);
        await run.ReachAsync(Phase.Following, Stop);
        await Task.Delay(TimeSpan.FromMilliseconds(500), Stop);

        Assert.Equal(0, run.Run.Progress.VerifyTotal);

        await run.FinishAsync();
        _ = await run.Ended;
    }

    private static EngineRun Start(MigrationOptions options) => EngineRun.Start(options, Stop);

    /// <summary>What a run with the same options would say of its following.</summary>
    private static async Task<string> FollowsAsync(MigrationOptions options)
    {
        using var store = new State.MemoryRunStore(TimeProvider.System);
        var run = new MigrationRun(
            options,
            new Resp.SocketDialer(options.ConnectTimeout, TimeProvider.System),
            store,
            new Faults.RunLog(),
            TimeProvider.System
        );
        return (await run.PlanAsync(Stop)).Steps.Single(static step => step.Name == "follow").Does;
    }

    /// <summary>Waits until everything is proved equal, and stays so: while a round compares, its keys are not among the candidates.</summary>
    private static async Task ComparedAsync(EngineRun run)
    {
        for (var seen = 0; seen < 10; )
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), Stop);
            var now = run.Run.Progress;
            seen = now is { VerifyTotal: > 0, VerifyCandidates: 0 } && now.Verified >= now.VerifyTotal ? seen + 1 : 0;
            Assert.False(run.Ended.IsCompleted, run.Log.ToString());
        }
    }
}
