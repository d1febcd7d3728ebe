using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Filling;
using StackExchange.Redis;

namespace Keyferry.Integration.Versions;

/// <summary>Values that are moved in pieces arrive whole, in one step, whatever happens to them meanwhile.</summary>
public sealed class PieceTests
{
    private static readonly TimeSpan _tolerance = TimeSpan.FromMilliseconds(20);

    [Theory]
    [MemberData(nameof(ServerMatrix.ExtremePairs), MemberType = typeof(ServerMatrix))]
    public Task Values_of_all_types_arrive_by_commands(ServerKind source, ServerKind target) => MoveAsync(source, target);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(ServerMatrix.OrderedPairs), MemberType = typeof(ServerMatrix))]
    public Task Values_of_all_types_arrive_by_commands_for_every_pair(ServerKind source, ServerKind target) => MoveAsync(source, target);

    [Fact]
    public async Task An_entry_that_was_deleted_while_it_was_pending_is_still_pending()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Redis80);
        await using var client = await source.ConnectAsync();
        var database = client.GetDatabase();
        for (var i = 1; i <= 6; i++)
        {
            await database.StreamAddAsync("stream", "f", i, $"{i}-0");
        }

        await database.StreamCreateConsumerGroupAsync("stream", "group", "0");
        await database.StreamReadGroupAsync("stream", "group", "ann", ">");
        await database.StreamDeleteAsync("stream", ["1-0", "4-0", "6-0"]);

        using var run = EngineRun.Start(Options(source, target, largeValue: 1), TestContext.Current.CancellationToken);
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, $"{string.Join("; ", report.Reasons)}\n{run.Log}");
        await using var onTarget = await target.ConnectAsync();
        Assert.Equal(3, await onTarget.GetDatabase().StreamLengthAsync("stream"));
        Assert.Equal(6, (await onTarget.GetDatabase().StreamPendingAsync("stream", "group")).PendingMessageCount);
    }

    [Fact]
    public async Task Small_keys_go_on_and_changes_are_looked_at_again()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var left = await ServerLink.ConnectAsync(source.Uri);
        await using var right = await ServerLink.ConnectAsync(target.Uri);
        await new BigKeys(left, 7).FillAsync(elements: 40_000, stringBytes: 5_000_000, stop);
        using var run = EngineRun.Start(Options(source, target, largeValue: 100_000) with { Mode = MigrationMode.Live }, stop);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var partial = SeePartialAsync(right, enough.Token);
        for (var i = 0; i < 200; i++)
        {
            await left.Database().StringSetAsync($"small{i}", i);
            await left.Database().SortedSetAddAsync("big:sortedset", $"new{i}", i);
            await left.Database().HashSetAsync("big:hash", $"field {i}", "changed");
            await left.Database().ListLeftPopAsync("big:list");
            await left.Database().StringAppendAsync("big:string", "x");
            await left.Database().SetRemoveAsync("big:set", $"member {i}");
        }

        await left.Database().KeyDeleteAsync("big:integers");
        await left.Database().KeyExpireAsync("big:hash", TimeSpan.FromHours(1));
        await run.ReachAsync(Phase.Following, stop);
        await run.FinishAsync();
        var report = await run.Ended;
        await enough.CancelAsync();

        Assert.True(
            report.Verdict == Verdict.Equal,
            $"{string.Join("; ", report.Reasons)} {string.Join("; ", report.Verify?.First ?? [])}\n{run.Log}"
        );
        Assert.Equal(0, await partial);
        var comparison = await new ServerComparison(left, right, _tolerance).RunAsync(stop);
        Assert.True(comparison.AreEqual, $"{comparison}");
    }

    [Fact]
    public async Task A_connection_that_is_cut_in_the_middle_leaves_nothing_behind()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var left = await ServerLink.ConnectAsync(source.Uri);
        await using var right = await ServerLink.ConnectAsync(target.Uri);
        await new BigKeys(left, 8).FillAsync(elements: 100_000, stringBytes: 20_000_000, stop);
        using var run = EngineRun.Start(Options(source, target, largeValue: 100_000), stop);
        for (var cut = 0; cut < 4 && !run.Ended.IsCompleted; cut++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(60), stop);
            foreach (
                var client in (await right.Server.ClientListAsync()).Where(static client =>
                    client.Name?.Contains("-large", StringComparison.Ordinal) == true
                )
            )
            {
                await right.Server.ClientKillAsync(client.Id);
            }
        }

        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, $"{string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Equal(BigKeys.Count, await right.KeyCountAsync());
        var comparison = await new ServerComparison(left, right, _tolerance).RunAsync(stop);
        Assert.True(comparison.AreEqual, $"{comparison}");
    }

    private static async Task<int> SeePartialAsync(ServerLink right, CancellationToken stop)
    {
        var seen = 0;
        while (!stop.IsCancellationRequested)
        {
            var members = await right.Database().SortedSetLengthAsync("big:sortedset");
            var bytes = await right.Database().StringLengthAsync("big:string");
            seen += members is > 0 and < 40_000 || bytes is > 0 and < 5_000_000 ? 1 : 0;
        }

        return seen;
    }

    private static async Task MoveAsync(ServerKind sourceKind, ServerKind targetKind)
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(sourceKind);
        await using var target = await RedisServer.StartAsync(targetKind);
        await using var left = await ServerLink.ConnectAsync(source.Uri);
        await using var right = await ServerLink.ConnectAsync(target.Uri);
        await AllTypes.FillAsync(left.Database());
        if (await left.KnowsFieldExpiriesAsync() && await right.KnowsFieldExpiriesAsync())
        {
            await AllTypes.FillFieldExpiriesAsync(left.Database());
        }

        using var run = EngineRun.Start(Options(source, target, largeValue: 1), stop);
        var report = await run.Ended;

        Assert.True(
            report.Verdict == Verdict.Equal,
            $"{string.Join("; ", report.Reasons)} {string.Join("; ", report.Verify?.First ?? [])}\n{run.Log}"
        );
        Assert.Equal(1, await LoadCallsAsync(right));
        var comparison = await new ServerComparison(left, right, _tolerance).RunAsync(stop);
        Assert.True(comparison.AreEqual, $"{comparison}");
    }

    /// <summary>How often RESTORE was called: once by the plan, with an empty payload.</summary>
    private static Task<long> LoadCallsAsync(ServerLink target) => Load.LoadedPair.CallsAsync(target, "restore");

    private static MigrationOptions Options(RedisServer source, RedisServer target, long largeValue) =>
        new()
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            Mode = MigrationMode.Snapshot,
            LargeValue = largeValue,
            Piece = 8192,
        };
}
