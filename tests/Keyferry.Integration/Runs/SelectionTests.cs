using Keyferry.Cli.Output;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Runs;

/// <summary>What is not selected is neither copied, followed, deleted nor compared.</summary>
public sealed class SelectionTests
{
    [Fact]
    public async Task Names_hold_for_the_copy_changes_deletes_and_the_comparison()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var left = await source.ConnectAsync();
        await using var right = await target.ConnectAsync();
        var (from, to) = (left.GetDatabase(), right.GetDatabase());
        foreach (var name in (string[])["user:1", "user:2", "user:3:cart", "order:1", "order:2"])
        {
            await from.StringSetAsync(name, "old");
        }

        await to.StringSetAsync("order:1", "mine");
        await to.StringSetAsync("user:9", "surplus");
        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                TargetKeys = TargetKeys.Replace,
                Names = new KeyNames(["user:*"], ["*:cart"]),
            },
            stop
        );
        await run.ReachAsync(Phase.Following, stop);
        await from.StringSetAsync("user:4", "new");
        await from.StringSetAsync("user:5:cart", "new");
        await from.KeyDeleteAsync(["user:1", "order:1"]);
        await run.FinishAsync();
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, $"{string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Equal(2, report.Verify?.Compared);
        Assert.Equal(["order:1", "user:2", "user:4"], await NamesAsync(to));
        Assert.Equal("mine", await to.StringGetAsync("order:1"));
        using var line = new CommandLine();
        Assert.Equal(ExitCodes.Ok, await line.RunAsync("verify", source.Uri, target.Uri, "--include", "user:*", "--exclude", "*:cart"));
        using var all = new CommandLine();
        Assert.Equal(ExitCodes.Differences, await all.RunAsync("verify", source.Uri, target.Uri));
    }

    [Fact]
    public async Task Databases_go_where_they_are_sent()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var left = await source.ConnectAsync();
        await using var right = await target.ConnectAsync();
        for (var database = 0; database < 6; database++)
        {
            await left.GetDatabase(database).StringSetAsync("k", database);
        }

        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                Databases = new Dictionary<int, int> { [0] = 3, [5] = 0 },
            },
            stop
        );
        await run.ReachAsync(Phase.Following, stop);
        await left.GetDatabase(5).StringSetAsync("later", 5);
        await left.GetDatabase(3).StringSetAsync("later", 3);
        await run.FinishAsync();
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, $"{string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Equal("0", await right.GetDatabase(3).StringGetAsync("k"));
        Assert.Equal(["k", "later"], await NamesAsync(right.GetDatabase(0)));
        Assert.Equal(
            3,
            (await Task.WhenAll(Enumerable.Range(0, 6).Select(database => NamesAsync(right.GetDatabase(database))))).Sum(static names =>
                names.Length
            )
        );
    }

    [Theory]
    [InlineData("0:3,1:3")]
    [InlineData("0:x:4")]
    [InlineData("zero")]
    [InlineData("0,0:1")]
    public async Task Databases_that_collide_or_are_none_are_refused(string databases)
    {
        using var line = new CommandLine();
        Assert.Equal(ExitCodes.Usage, await line.RunAsync("migrate", "127.0.0.1:1", "127.0.0.1:2", "--databases", databases));
        Assert.Contains("--databases", line.Error, StringComparison.Ordinal);
    }

    private static async Task<string[]> NamesAsync(IDatabase database) =>
        [
            .. ((RedisValue[]?)await database.ExecuteAsync("KEYS", "*") ?? [])
                .Select(static name => name.ToString())
                .Order(StringComparer.Ordinal),
        ];
}
