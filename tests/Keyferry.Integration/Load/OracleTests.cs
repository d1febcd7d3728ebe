using Keyferry.Integration.Servers;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;
using StackExchange.Redis;

namespace Keyferry.Integration.Load;

/// <summary>What judges a migration has to be judged first: load that is what it says, and a comparison that overlooks nothing.</summary>
public sealed class OracleTests
{
    private static readonly KeySpace Small = new(Seed: 7, Count: 3000, Databases: 2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>One change of each sort that a comparison has to notice; each is about a key that <see cref="SeedAsync"/> writes.</summary>
    private static readonly (DifferenceKind Kind, string Change)[] Changes =
    [
        (DifferenceKind.Missing, "SET only-here 1"),
        (DifferenceKind.Surplus, "DEL text"),
        (DifferenceKind.Type, "MULTI|DEL text|SADD text a|EXEC"),
        (DifferenceKind.Value, "SET text other"),
        (DifferenceKind.Value, "RPOPLPUSH list list"),
        (DifferenceKind.Value, "SADD set more"),
        (DifferenceKind.Value, "HSET hash a 2"),
        (DifferenceKind.Value, "ZADD zset 0.33333333333333337 a"),
        (DifferenceKind.Value, "XADD stream 9-9 f v"),
        (DifferenceKind.Value, "XGROUP SETID stream g 1-2"),
        (DifferenceKind.Value, "XGROUP CREATE stream g2 0"),
        (DifferenceKind.Value, "XREADGROUP GROUP g other STREAMS stream >"),
        (DifferenceKind.Value, "XACK stream g 1-1"),
        (DifferenceKind.Value, "XCLAIM stream g bert 0 1-1"),
        (DifferenceKind.Expiry, "PERSIST lasting"),
        (DifferenceKind.Expiry, "EXPIRE text 1000"),
        (DifferenceKind.Expiry, "PEXPIREAT lasting 4102444801000"),
    ];

    [Fact]
    public async Task Comparison_notices_every_sort_of_difference()
    {
        await using var a = await RedisServer.StartAsync(ServerKind.Machine);
        await using var b = await RedisServer.StartAsync(ServerKind.Machine);
        await using var left = await ServerLink.ConnectAsync(a.Uri);
        await using var right = await ServerLink.ConnectAsync(b.Uri);
        foreach (var (kind, change) in Changes)
        {
            await Task.WhenAll(SeedAsync(left), SeedAsync(right));
            Assert.True((await CompareAsync(left, right)).AreEqual, "before " + change);

            await RunAsync(left, change);

            var report = await CompareAsync(left, right);
            Assert.True(report.Differences is [var only] && only.Kind == kind, $"{change}: {report}");
        }
    }

    [Theory]
    [MemberData(nameof(ServerMatrix.Required), MemberType = typeof(ServerMatrix))]
    public async Task Same_seed_fills_the_same_on_every_server(ServerKind kind)
    {
        await using var a = await RedisServer.StartAsync(ServerKind.Machine);
        await using var b = await RedisServer.StartAsync(kind);
        await using var left = await ServerLink.ConnectAsync(a.Uri);
        await using var right = await ServerLink.ConnectAsync(b.Uri);

        Assert.Equal(Small.Count, await new Filler(left, Small).FillAsync(Stop));
        Assert.Equal(Small.Count, await new Filler(right, Small).FillAsync(Stop));

        // Expiries count from the moment of filling; all else is the same.
        var report = await new ServerComparison(left, right, TimeSpan.FromMinutes(1)).RunAsync(Stop);
        Assert.True(report.AreEqual, report.ToString());
        Assert.Equal(Small.Count, report.Keys);
    }

    [Theory]
    [MemberData(nameof(ServerMatrix.Required), MemberType = typeof(ServerMatrix))]
    public async Task Writer_keeps_its_rate_and_uses_every_type(ServerKind kind)
    {
        await using var server = await RedisServer.StartAsync(kind);
        await using var link = await ServerLink.ConnectAsync(server.Uri);
        await new Filler(link, Small).FillAsync(Stop);

        var writer = new Writer(
            link,
            Small,
            new WriterOptions(WritesPerSecond: 2000, Seed: 3, SilentStreamCommands: true),
            TimeProvider.System
        );
        var tally = await writer.RunAsync(TimeSpan.FromSeconds(1.5), Stop);

        Assert.Equal(0, tally.Lost);
        Assert.InRange(tally.Accepted, 2500, 3100);
        Assert.InRange(tally.Refused, 0, tally.Accepted / 10);
        string[] wanted =
        [
            "SET",
            "RPUSH",
            "HSET",
            "SADD",
            "ZADD",
            "XADD",
            "PFADD",
            "GEOADD",
            "SETBIT",
            "EVAL",
            "RENAME",
            "MOVE",
            "PERSIST",
            "XREADGROUP",
        ];
        Assert.Empty(wanted.Except(tally.Commands.Keys));
    }

    [Fact]
    public async Task Expiries_of_fields_are_filled_written_and_compared()
    {
        await using var a = await RedisServer.StartAsync(ServerKind.Redis80);
        await using var b = await RedisServer.StartAsync(ServerKind.Redis80);
        await using var left = await ServerLink.ConnectAsync(a.Uri);
        await using var right = await ServerLink.ConnectAsync(b.Uri);
        foreach (var link in (ServerLink[])[left, right])
        {
            await RunAsync(link, "HSET hash a 1 b 2|HPEXPIREAT hash 4102444800000 FIELDS 1 a");
        }

        Assert.True((await CompareAsync(left, right)).AreEqual);
        await RunAsync(left, "HPEXPIREAT hash 4102444800001 FIELDS 1 a");
        Assert.Equal([DifferenceKind.Value], (await CompareAsync(left, right)).Differences.Select(static difference => difference.Kind));

        await new Filler(left, Small, fieldExpiries: true).FillAsync(Stop);
        var writer = new Writer(left, Small, new WriterOptions(WritesPerSecond: 2000, Seed: 4, FieldExpiries: true), TimeProvider.System);
        Assert.Contains("HPEXPIRE", (await writer.RunAsync(TimeSpan.FromSeconds(1), Stop)).Commands.Keys);
        Assert.True(await LoadedPair.CallsAsync(left, "hpexpire") > 20);
    }

    [Fact]
    public void Names_are_distinct_and_of_every_shape()
    {
        var keys = new KeySpace(Seed: 5, Count: 50_000, Databases: 4);
        var names = Enumerable.Range(0, keys.Count).Select(number => Convert.ToHexString(keys.NameOf(number))).ToHashSet();
        Assert.Equal(keys.Count, names.Count);
        Assert.Contains("", names);
        Assert.Equal(12, Enumerable.Range(0, keys.Count).Select(keys.KindOf).Distinct().Count());
        foreach (var part in (string[])["00FF", "0D0A", "20", "7D7B"])
        {
            Assert.Contains(names, name => name.Contains(part, StringComparison.Ordinal));
        }
    }

    private static Task<ComparisonReport> CompareAsync(ServerLink left, ServerLink right) =>
        new ServerComparison(left, right, TimeSpan.Zero).RunAsync(Stop);

    private static async Task SeedAsync(ServerLink link)
    {
        string[] commands =
        [
            "FLUSHALL",
            "SET text value",
            "SET lasting value PXAT 4102444800000",
            "RPUSH list a b c",
            "SADD set a b c",
            "HSET hash a 1 b 2",
            "ZADD zset 0.3333333333333333 a",
            "XADD stream 1-1 f v",
            "XADD stream 1-2 f v",
            "XGROUP CREATE stream g 0",
            "XREADGROUP GROUP g anna COUNT 1 STREAMS stream >",
        ];
        foreach (var command in commands)
        {
            await RunAsync(link, command);
        }
    }

    private static async Task RunAsync(ServerLink link, string commands)
    {
        var database = link.Database();
        var parts = commands.Split('|').Where(static command => command is not ("MULTI" or "EXEC")).ToArray();
        var transaction = database.CreateTransaction();
        var answers = parts
            .Select(part =>
            {
                var words = part.Split(' ');
                return transaction.ExecuteAsync(words[0], [.. words.Skip(1).Select(static word => (object)(RedisValue)word)]);
            })
            .ToArray();
        await transaction.ExecuteAsync();
        await Task.WhenAll(answers);
    }
}
