using System.Globalization;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Integration.Verify;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Verify;
using StackExchange.Redis;

namespace Keyferry.Integration.Versions;

/// <summary>Values whose elements are large themselves are moved and compared a few elements at a time, wherever in the value those stand.</summary>
public sealed class LargeElementTests
{
    private const int Elements = 24;
    private const int Bytes = 400_000;
    private const int Small = 200;
    private static readonly RedisKey[] _keys = ["list", "set", "hash", "zset", "stream"];

    /// <summary>A server ends the connection of whoever asks for more at once than this: twenty elements, say, and not five.</summary>
    private const string Limit = "normal 6000000 0 0";

    [Theory]
    [InlineData(ServerKind.Machine, ServerKind.Machine)]
    [InlineData(ServerKind.Redis60, ServerKind.Redis80)]
    [InlineData(ServerKind.Redis80, ServerKind.Valkey91)]
    public async Task They_are_moved_and_compared_a_few_at_a_time(ServerKind from, ServerKind to)
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(from);
        await using var target = await RedisServer.StartAsync(to);
        await using var left = await ServerLink.ConnectAsync(source.Uri);
        await using var right = await ServerLink.ConnectAsync(target.Uri);
        await FillAsync(left.Database());
        await left.Server.ConfigSetAsync("client-output-buffer-limit", Limit);
        await right.Server.ConfigSetAsync("client-output-buffer-limit", Limit);
        var options = new MigrationOptions
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            Mode = MigrationMode.Snapshot,
        };

        using var run = EngineRun.Start(options, stop);
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, $"{string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Equal(_keys.Length, await right.KeyCountAsync());
        Assert.DoesNotContain("output buffer limits", source.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("output buffer limits", target.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_byte_in_one_of_them_is_a_difference()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await FillAsync(pair.SourceClient.GetDatabase());
        var target = pair.TargetClient.GetDatabase();
        await FillAsync(target);
        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(await pair.VerifyAsync()));

        var last = Element(Elements - 1);
        await target.ListSetByIndexAsync("list", Small + Elements - 1, last[..^1] + "!");
        await target.SetRemoveAsync("set", last);
        await target.SetAddAsync("set", last[..^1] + "!");
        await target.HashSetAsync("hash", $"large{Elements - 1}", last[..^1] + "!");
        await target.SortedSetIncrementAsync("zset", last, 0.5);
        await target.StreamDeleteAsync("stream", [$"{Small + Elements}-0"]);
        var result = await pair.VerifyAsync(new VerifyOptions { Looks = 2 });

        Assert.Equal(Verdict.Different, Verifier.VerdictOf(result));
        Assert.Equal(_keys.Length, result.Differences[DifferenceKind.Value]);
    }

    /// <summary>Small elements, large ones, small ones.</summary>
    private static async Task FillAsync(IDatabase database)
    {
        await FillSmallAsync(database, 0, Small);
        for (var i = 0; i < Elements; i++)
        {
            var element = Element(i);
            await database.ListRightPushAsync("list", element);
            await database.SetAddAsync("set", element);
            await database.HashSetAsync("hash", $"large{i}", element);
            await database.SortedSetAddAsync("zset", element, Small + i);
            await database.StreamAddAsync("stream", "f", element, $"{Small + i + 1}-0");
        }

        await FillSmallAsync(database, Small + Elements, Small);
    }

    private static async Task FillSmallAsync(IDatabase database, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            await database.ListRightPushAsync("list", i);
            await database.SetAddAsync("set", $"member {i}");
            await database.HashSetAsync("hash", $"field {i}", i);
            await database.SortedSetAddAsync("zset", $"member {i}", i);
            await database.StreamAddAsync("stream", "f", i, $"{i + 1}-0");
        }
    }

    private static string Element(int index) => index.ToString(CultureInfo.InvariantCulture).PadRight(Bytes, 'x');
}
