using System.Globalization;
using StackExchange.Redis;

namespace Keyferry.Integration.Versions;

/// <summary>Values of every type in every size class that servers encode differently, with the elements that are easy to get wrong.</summary>
internal static class AllTypes
{
    private const int Large = 3000;
    private static readonly double[] _scores =
    [
        0,
        -1,
        1 / 3.0,
        1e-300,
        1.7976931348623157e308,
        9007199254740993,
        double.PositiveInfinity,
        double.NegativeInfinity,
    ];

    private static readonly string[] _elements =
    [
        "",
        "0",
        "-1",
        "127",
        "128",
        "-4096",
        "4095",
        "4096",
        "-32768",
        "32767",
        "8388607",
        "-8388608",
        "2147483647",
        "-2147483648",
        "9223372036854775807",
        "-9223372036854775808",
        "01",
        "+1",
        "1.5",
        "text",
        "\0\r\n\u00ff",
        "x".PadRight(63, 'x'),
        "x".PadRight(64, 'x'),
        "y".PadRight(4095, 'y'),
        "z".PadRight(5000, 'z'),
    ];

    /// <summary>How many keys <see cref="FillAsync"/> writes, without those with field expiries.</summary>
    public const int Count = 25;

    /// <summary>Writes them.</summary>
    public static async Task FillAsync(IDatabase database)
    {
        var elements = _elements.Select(static text => (RedisValue)text).ToArray();
        await database.StringSetAsync("string:number", 12345);
        await database.StringSetAsync("string:text", "hello");
        await database.StringSetAsync("string:long", new string('a', 50_000));
        await database.StringSetAsync("string:expiring", "v", TimeSpan.FromHours(5));
        await database.HyperLogLogAddAsync("string:hll", elements);
        await database.ListRightPushAsync("list:small", elements[..20]);
        await database.ListRightPushAsync("list:elements", elements);
        await database.ListRightPushAsync("list:huge-element", ["a", new string('b', 20_000), "c"]);
        await database.ListRightPushAsync("list:large", Numbers(static i => $"element {i}"));
        await database.SetAddAsync("set:small", ["a", "b", "17"]);
        await database.SetAddAsync("set:numbers", [1, 2, 3, 1L << 40]);
        await database.SetAddAsync("set:elements", elements);
        await database.SetAddAsync("set:large", Numbers(static i => $"member {i}"));
        await database.SortedSetAddAsync("zset:small", [.. _scores.Select(static (score, i) => new SortedSetEntry(i, score))]);
        await database.SortedSetAddAsync(
            "zset:elements",
            [.. elements.Select(static (element, i) => new SortedSetEntry(element, i / 7.0))]
        );
        await database.SortedSetAddAsync(
            "zset:large",
            [.. Enumerable.Range(0, Large).Select(i => new SortedSetEntry($"m{i}", _scores[i % 8] / 3))]
        );
        await database.HashSetAsync("hash:small", [new("a", "1"), new("b", ""), new("", "c")]);
        await database.HashSetAsync("hash:elements", [.. elements.Select(static element => new HashEntry(element, element))]);
        await database.HashSetAsync("hash:large", [.. Enumerable.Range(0, Large).Select(static i => new HashEntry($"field {i}", i))]);
        await database.KeyExpireAsync("hash:large", TimeSpan.FromHours(7));
        await FillStreamsAsync(database);
        await database.SetAddAsync("\0binary\r\n{name}\u00ff", "x");
        await database.StringSetAsync("{}", "empty tag");
    }

    /// <summary>Writes small and large hashes of which some fields expire, for servers that have that.</summary>
    public static async Task FillFieldExpiriesAsync(IDatabase database)
    {
        var due = TimeProvider.System.GetUtcNow().AddHours(3).ToUnixTimeMilliseconds();
        await database.HashSetAsync("fields:small", [new("a", "1"), new("b", "2"), new("c", "text")]);
        await database.ExecuteAsync("HPEXPIREAT", "fields:small", due, "FIELDS", 1, "b");
        await database.HashSetAsync("fields:large", [.. Enumerable.Range(0, Large).Select(static i => new HashEntry($"field {i}", i))]);
        await database.ExecuteAsync("HPEXPIREAT", "fields:large", due + 1000, "FIELDS", 2, "field 7", "field 8");
        await database.ExecuteAsync("HPEXPIREAT", "fields:large", due - 1000, "FIELDS", 1, "field 9");
    }

    private static async Task FillStreamsAsync(IDatabase database)
    {
        await database.ExecuteAsync("XGROUP", "CREATE", "stream:empty", "group", "5-5", "MKSTREAM");
        await database.StreamAddAsync("stream:emptied", "f", "v", "3-3");
        await database.StreamDeleteAsync("stream:emptied", ["3-3"]);
        await database.StreamAddAsync("stream:small", [new("a", "1"), new("b", "")], "1-1");
        foreach (var name in (string[])["stream:groups", "stream:large"])
        {
            for (var i = 1; i <= (name == "stream:large" ? Large : 10); i++)
            {
                await database.StreamAddAsync(
                    name,
                    "field",
                    $"value {i}",
                    string.Create(CultureInfo.InvariantCulture, $"{i}-{i % 3}"),
                    flags: CommandFlags.FireAndForget
                );
            }

            await database.StreamCreateConsumerGroupAsync(name, "readers", "0");
            await database.StreamCreateConsumerGroupAsync(name, "idlers", "4-1");
            await database.StreamReadGroupAsync(name, "readers", "ann", ">", 5);
            await database.StreamReadGroupAsync(name, "readers", "bob", ">", 2);
            await database.StreamReadGroupAsync(name, "idlers", "nothing-pending", "0", 1);
            await database.StreamAcknowledgeAsync(name, "readers", "2-2");
            await database.StreamDeleteAsync(name, ["4-1", "8-2"]);
            await database.StreamClaimAsync(name, "readers", "ann", 0, ["6-0"]);
        }

        await database.ExecuteAsync("XSETID", "stream:groups", "77-7");
    }

    private static RedisValue[] Numbers(Func<int, string> name) => [.. Enumerable.Range(0, Large).Select(i => (RedisValue)name(i))];
}
