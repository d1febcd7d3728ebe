using Keyferry.Capture;
using Keyferry.Integration.Faults;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Integration.Capture;

/// <summary>A source that closes the capture's connection: the gap says whether that was for its output buffer, where the source counts such cuts, and that it is not known where it does not.</summary>
public sealed class CutOffTests
{
    /// <summary>More than the limit in one turn of the server, while a page of SCAN stays below it.</summary>
    private const string ManyLongEvents = "for i = 1, 10000 do redis.call('SET', string.rep('k', 300) .. i, i) end";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ServerKind.Redis80, CaptureKind.Notifications, "pubsub")]
    [InlineData(ServerKind.Valkey81, CaptureKind.Notifications, "pubsub")]
    [InlineData(ServerKind.Valkey81, CaptureKind.Tracking, "normal")]
    public async Task A_cut_for_the_output_buffer_is_named_and_is_one_gap(ServerKind kind, CaptureKind capture, string limit)
    {
        var (source, target, report, log) = await CutOffAsync(kind, capture, limit);
        await using (source)
        await using (target)
        {
            Assert.Equal((Verdict.Equal, 1), (report.Verdict, report.Progress.Gaps));
            Assert.Single(
                log.ToString().Split('\n'),
                line =>
                    line.Contains("Gap 1: ", StringComparison.Ordinal)
                    && line.Contains(
                        $"the source cut off 1 client for the output buffer, most likely this one: raise client-output-buffer-limit {limit}",
                        StringComparison.Ordinal
                    )
            );
        }
    }

    [Fact]
    public async Task Where_the_source_does_not_count_cuts_the_gap_says_so()
    {
        var (source, target, report, log) = await CutOffAsync(ServerKind.Machine, CaptureKind.Notifications, "pubsub");
        await using (source)
        await using (target)
        {
            Assert.Equal(Verdict.Equal, report.Verdict);
            Assert.Contains(
                "whether for its output buffer, client-output-buffer-limit pubsub, is not counted there",
                Assert.Single(log.Gaps).Reason,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task A_connection_that_was_ended_otherwise_is_not_called_cut_off()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Valkey81);
        await using var target = await RedisServer.StartAsync(ServerKind.Valkey81);
        using var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        _ = await source.CommandAsync("CLIENT", "KILL", "TYPE", "pubsub");
        await ClosedAsync(run);
        await run.FinishAsync();
        _ = await run.Ended;

        Assert.DoesNotContain("output buffer", run.Log.ToString(), StringComparison.Ordinal);
        Assert.Contains("closed the connection", Assert.Single(run.Log.Gaps).Reason, StringComparison.Ordinal);
    }

    private static async Task<(RedisServer Source, RedisServer Target, MigrationReport Report, RunLog Log)> CutOffAsync(
        ServerKind kind,
        CaptureKind capture,
        string limit
    )
    {
        var source = await RedisServer.StartAsync(kind, "--client-output-buffer-limit", limit, "1048576", "0", "0");
        var target = await RedisServer.StartAsync(kind);
        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                Capture = capture,
            },
            Stop
        );
        await run.ReachAsync(Phase.Following, Stop);
        _ = await source.CommandAsync("EVAL", ManyLongEvents, 0);
        await ClosedAsync(run);
        await run.FinishAsync();
        return (source, target, await run.Ended, run.Log);
    }

    private static async Task ClosedAsync(EngineRun run)
    {
        while (run.Run.Progress is { Gaps: 0 } or { OpenGaps: > 0 })
        {
            Assert.False(run.Ended.IsCompleted, run.Log.ToString());
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }
    }
}
