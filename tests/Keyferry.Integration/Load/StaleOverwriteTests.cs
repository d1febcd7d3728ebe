using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;
using Keyferry.Traffic;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;
using StackExchange.Redis;

namespace Keyferry.Integration.Load;

/// <summary>The race that reference tools have: a value read early overwrites one that was read later.</summary>
[Collection(nameof(LoadCollection))]
[Trait("Needs", "Program")]
public sealed class StaleOverwriteTests
{
    private static readonly TimeSpan EndBudget = TimeSpan.FromMinutes(5);
    private static readonly RedisKey[] Hot = ["hot:0", "hot:1", "hot:2", "hot:3"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task No_number_goes_back_while_snapshot_live_and_rescan_touch_the_key(int lanes)
    {
        await using var pair = await LoadedPair.StartAsync(new KeySpace(Seed: 201, Count: 30_000), Stop);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var writers = Task.WhenAll(Hot.Select(key => new HotKeyWriter(pair.Source, key).RunAsync(long.MaxValue, writing.Token)));
        var watch = new RisingNumberWatch(pair.Target, Hot);
        var watcher = watch.RunAsync(watching.Token);

        await using var run = pair.Migrate("--until-idle", "2s", "--lanes", $"{lanes}");
        await run.WaitForAsync("phase following", EndBudget);
        for (var cut = 0; cut < 3; cut++)
        {
            // The capture loses its connection: a gap, closed by a rescan that meets the hot keys again.
            await pair.Source.Database().ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
            await Task.Delay(TimeSpan.FromSeconds(2), Stop);
        }

        await writing.CancelAsync();
        var last = await writers;
        var outcome = await run.EndAsync(EndBudget);
        await watching.CancelAsync();
        await watcher;

        Assert.True(outcome == 0, run.Output);
        Assert.Empty(watch.StepsBack);
        Assert.True(watch.Rises > 100, $"The watch saw {watch.Rises} rises only: too few to judge.\n{run.Output}");
        Assert.Contains("gap 1 opened", run.Output, StringComparison.Ordinal);
        var moved = await pair.Target.Database().StringGetAsync(Hot);
        Assert.Equal(last, moved.Select(static number => (long)number));
    }

    [Fact]
    public async Task Watch_sees_a_number_that_goes_back()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await using var link = await ServerLink.ConnectAsync(server.Uri);
        var watch = new RisingNumberWatch(link, Hot);
        foreach (var number in (int[])[5, 9, 7])
        {
            await link.Database().StringSetAsync(Hot[2], number);
            using var glance = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            glance.CancelAfter(TimeSpan.FromMilliseconds(100));
            await watch.RunAsync(glance.Token);
        }

        Assert.Equal(["hot:2: 9 -> 7"], watch.StepsBack);
        Assert.Equal(2, watch.Rises);
    }
}
