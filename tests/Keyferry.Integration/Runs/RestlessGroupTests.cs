using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Runs;

/// <summary>Consumer groups that never rest: no event tells of their changes, so that a gap opens as fast as another is closed.</summary>
public sealed class RestlessGroupTests
{
    [Fact]
    public async Task A_run_ends_when_asked_to_and_does_not_claim_to_have_seen_everything()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var consuming = ConsumeAsync(client.GetDatabase(), enough.Token);
        using var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, stop);

        await Task.Delay(TimeSpan.FromSeconds(2), stop);
        await run.FinishAsync();
        await Task.WhenAny(run.Ended, Task.Delay(TimeSpan.FromSeconds(60), stop));
        await enough.CancelAsync();
        await consuming;

        Assert.True(run.Ended.IsCompleted, run.Log.ToString());
        var report = await run.Ended;
        Assert.True(report.Verdict is Verdict.NotProved or Verdict.Different, run.Log.ToString());
        Assert.Contains(report.Reasons, static reason => reason.Contains("may have been missed", StringComparison.Ordinal));
        Assert.Equal(report.Verdict, Assert.Single(run.Store.Runs()).Verdict);
        Assert.All(run.Store.Verifies(1), static verify => Assert.NotEqual(Verdict.Equal, verify.Verdict));
    }

    private static async Task ConsumeAsync(IDatabase database, CancellationToken stop)
    {
        await database.StreamCreateConsumerGroupAsync("stream", "group", "0", createStream: true);
        while (!stop.IsCancellationRequested)
        {
            await database.StreamAcknowledgeAsync("stream", "group", "1-1");
        }
    }
}
