using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Integration.Runs;

/// <summary>A database that comes into use while the run follows, and that the target does not have.</summary>
public sealed class TargetDatabaseTests
{
    [Fact]
    public async Task Its_keys_are_not_written_into_another_database()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine, "--databases", "2");
        await using var from = await source.ConnectAsync();
        await using var to = await target.ConnectAsync();
        await from.GetDatabase(0).StringSetAsync("name", "of database 0");
        using var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, stop);
        await run.ReachAsync(Phase.Following, stop);

        await from.GetDatabase(5).StringSetAsync("name", "of database 5");
        var failure = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended.WaitAsync(TimeSpan.FromSeconds(30), stop));

        Assert.Equal(FailureKind.Failed, failure.Kind);
        Assert.Contains("database 5", failure.Saw, StringComparison.Ordinal);
        Assert.Equal("of database 0", (string?)await to.GetDatabase(0).StringGetAsync("name"));
    }
}
