using Keyferry.Capture;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Integration.Connections;

/// <summary>Which version of the protocol is spoken is found out, and needs no option.</summary>
public sealed class ProtocolTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>As behind a proxy that refuses HELLO: the second version suffices for everything but client tracking.</summary>
    [Theory]
    [InlineData(CaptureKind.Notifications)]
    [InlineData(CaptureKind.Tracking)]
    [InlineData(CaptureKind.Auto)]
    public async Task Servers_that_refuse_the_third_version_are_migrated(CaptureKind capture)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine, "--rename-command", "HELLO", "");
        await using var target = await RedisServer.StartAsync(ServerKind.Machine, "--rename-command", "HELLO", "");
        _ = await source.CommandAsync("SET", "before", "1");
        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                Capture = capture,
            },
            Stop
        );
        if (capture == CaptureKind.Tracking)
        {
            // Pushes exist from the third version on: without it, that is said, with what to use instead.
            var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);
            Assert.Equal(FailureKind.Refused, refused.Kind);
            Assert.Contains("HELLO", refused.Message, StringComparison.OrdinalIgnoreCase);
            return;
        }

        await run.ReachAsync(Phase.Following, Stop);
        _ = await source.CommandAsync("SET", "after", "2");
        await run.FinishAsync();
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, string.Join("; ", report.Reasons));
        Assert.Equal("2", (string?)await target.CommandAsync("GET", "after"));
    }
}
