using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Verify;
using StackExchange.Redis;

namespace Keyferry.Integration.Verify;

/// <summary>Differences planted one at a time: each is found, and named by its kind.</summary>
public sealed class VerifierDifferenceTests
{
    /// <summary>One key of every type and shape, none of which differs.</summary>
    internal const string Dataset = """
        SET text hello
        SET number 12345
        SET lasting x PX 100000000
        SETRANGE large 300000 end
        RPUSH list a b c d
        SADD set a b c
        SADD numbers 1 2 3
        ZADD zset 1 a 2.5 b inf c -inf d 0.3333333333333333 e
        HSET hash a 1 b 2 c 3
        HSET table a 1 b 2 c 1234567890123456789012345678901234567890123456789012345678901234567890
        PFADD hll a b c d e f
        XADD stream 1-1 f v
        XADD stream 2-1 f v
        XADD stream 3-1 f v
        XGROUP CREATE stream group 0
        XREADGROUP GROUP group ann COUNT 2 STREAMS stream >
        XGROUP CREATE stream idle $
        XADD gone 5-5 f v
        XDEL gone 5-5
        """;

    internal static TheoryData<string, string, DifferenceKind> Planted =>
        new()
        {
            { "DEL text", "text", DifferenceKind.Missing },
            { "SET more x", "more", DifferenceKind.Surplus },
            { "DEL set|SET set x", "set", DifferenceKind.Type },
            { "APPEND text x", "text", DifferenceKind.Value },
            { "SETRANGE text 4 0", "text", DifferenceKind.Value },
            { "SETRANGE large 299999 x", "large", DifferenceKind.Value },
            { "INCR number", "number", DifferenceKind.Value },
            { "LSET list 2 x", "list", DifferenceKind.Value },
            { "RPUSH list e", "list", DifferenceKind.Value },
            { "LPOP list|RPUSH list a", "list", DifferenceKind.Value },
            { "SREM set a|SADD set x", "set", DifferenceKind.Value },
            { "SREM numbers 1|SADD numbers 4", "numbers", DifferenceKind.Value },
            { "ZADD zset 0.33333333333333337 e", "zset", DifferenceKind.Value },
            { "ZADD zset -inf c", "zset", DifferenceKind.Value },
            { "ZREM zset b|ZADD zset 2.5 x", "zset", DifferenceKind.Value },
            { "HSET hash a 2", "hash", DifferenceKind.Value },
            { "HDEL hash a|HSET hash x 1", "hash", DifferenceKind.Value },
            { "HSET table a 2", "table", DifferenceKind.Value },
            { "HSET table a 2 b 1", "table", DifferenceKind.Value },
            { "HDEL table a|HSET table x 1", "table", DifferenceKind.Value },
            { "PFADD hll g h i j k l m", "hll", DifferenceKind.Value },
            { "XADD stream 4-1 f v", "stream", DifferenceKind.Value },
            { "XADD stream 4-1 f v|XDEL stream 4-1", "stream", DifferenceKind.Value },
            { "XDEL stream 2-1", "stream", DifferenceKind.Value },
            { "XADD gone 5-6 f v|XDEL gone 5-6", "gone", DifferenceKind.Value },
            { "XGROUP CREATE stream other 0", "stream", DifferenceKind.Value },
            { "XGROUP DESTROY stream idle", "stream", DifferenceKind.Value },
            { "XGROUP SETID stream idle 1-1", "stream", DifferenceKind.Value },
            { "XACK stream group 1-1", "stream", DifferenceKind.Value },
            { "XCLAIM stream group ann 0 1-1", "stream", DifferenceKind.Value },
            { "XCLAIM stream group bob 0 1-1 JUSTID", "stream", DifferenceKind.Value },
            { "PEXPIRE lasting 100002000", "lasting", DifferenceKind.Expiry },
            { "PERSIST lasting", "lasting", DifferenceKind.Expiry },
            { "PEXPIRE text 100000", "text", DifferenceKind.Expiry },
        };

    [Theory]
    [InlineData(ServerKind.Machine, ServerKind.Machine)]
    [InlineData(ServerKind.Redis60, ServerKind.Machine)]
    [InlineData(ServerKind.Machine, ServerKind.Redis80)]
    public async Task Each_difference_is_found_and_named(ServerKind source, ServerKind target)
    {
        await using var pair = await VerifyPair.StartAsync(source, target);
        foreach (var row in Planted)
        {
            var (plant, key, kind) = row.Data;
            await pair.OnBothAsync("FLUSHALL");
            await FillAsync(pair);
            await pair.OnTargetAsync(plant.Replace('|', '\n'));

            var result = await pair.VerifyAsync(new VerifyOptions { Looks = 2 });

            var first = Assert.Single(result.First);
            Assert.True(
                kind == first.Kind && key == first.Key.Name.Shown() && Verifier.VerdictOf(result) == Verdict.Different,
                $"After {plant}: {first.Kind} of {first.Key.Name.Shown()}: {first.Detail}"
            );
        }
    }

    [Theory]
    [MemberData(nameof(ServerMatrix.Pairs), MemberType = typeof(ServerMatrix))]
    public async Task Equal_values_are_equal_over_all_versions(ServerKind source, ServerKind target)
    {
        await using var pair = await VerifyPair.StartAsync(source, target);
        await FillAsync(pair);

        var result = await pair.VerifyAsync();

        Assert.True(Verifier.VerdictOf(result) == Verdict.Equal, Describe(result));
        Assert.Equal(13, result.Compared);
        Assert.Equal(13, result.LookedUp);
    }

    /// <summary>Of two databases, and with room for the names of the first one only: that of the second is walked over again.</summary>
    [Theory]
    [InlineData(KeptNames.UsualRoom, 0, 24)]
    [InlineData(100_000, 26, 60)]
    public async Task Keys_that_only_the_target_has_are_found_with_and_without_another_walk(long room, int leastScans, int mostScans)
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        foreach (var client in (ConnectionMultiplexer[])[pair.SourceClient, pair.TargetClient])
        {
            _ = await client.GetDatabase(0).ScriptEvaluateAsync("for i=1,1000 do redis.call('SET','key:'..i,i) end");
            _ = await client.GetDatabase(3).ScriptEvaluateAsync("for i=1,20000 do redis.call('SET','key:'..i,i) end");
        }

        await pair.OnSourceAsync("SET missing x", database: 3);
        await pair.OnTargetAsync("SET surplus x\nHSET other a 1", database: 3);
        await pair.OnTargetAsync("SET surplus x");

        var result = await pair.VerifyAsync(new VerifyOptions { Looks = 2, RoomForNames = room });

        Assert.Equal(
            [(0, "surplus"), (3, "missing"), (3, "other"), (3, "surplus")],
            result.First.Select(static one => (one.Key.Database, one.Key.Name.Shown())).Order()
        );
        Assert.Equal((21_001, 21_003), (result.Compared, result.LookedUp));
        // A thousand names at a time, or two.
        Assert.InRange(await pair.TargetServer.CallsAsync("scan"), leastScans, mostScans);
    }

    internal static string Describe(VerifyResult result) =>
        string.Join(
            "; ",
            result
                .First.Select(static difference => $"{difference.Kind} {difference.Key.Name.Shown()}: {difference.Detail}")
                .Concat(result.Doubts)
                .Append($"{result.InFlight} in flight")
        );

    /// <summary>The same data on both sides; expiries are absolute so that they agree to the millisecond.</summary>
    internal static async Task FillAsync(VerifyPair pair)
    {
        await pair.OnBothAsync(Dataset);
        var due = TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds();
        await pair.OnBothAsync($"PEXPIREAT lasting {due}");
    }
}
