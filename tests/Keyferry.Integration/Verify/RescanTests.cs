using System.Text;
using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Verify;
using StackExchange.Redis;

namespace Keyferry.Integration.Verify;

/// <summary>A rescan names every key that differs, moves next to nothing for those that do not, and leaves no trace of its reading.</summary>
public sealed class RescanTests(ITestOutputHelper output)
{
    private const int Keys = 20_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<ServerKind, ServerKind> Pairs =>
        new()
        {
            { ServerKind.Machine, ServerKind.Machine },
            { ServerKind.Redis80, ServerKind.Redis80 },
            { ServerKind.Machine, ServerKind.Redis80 },
            { ServerKind.Valkey81, ServerKind.Redis80 },
            { ServerKind.Redis60, ServerKind.Redis80 },
        };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Whatever_differs_is_named_and_hardly_anything_else_is_moved(ServerKind source, ServerKind target)
    {
        await using var pair = await CopiedAsync(source, target);
        var copied = await CopyAsync(pair);
        // Before 7.0 the copy reckons expiries from the time left, which takes time to be told.
        var options = new VerifyOptions { ExpiryTolerance = TimeSpan.FromSeconds(source == ServerKind.Redis60 ? 5 : 0) };
        var before = await NetBytesAsync(pair);
        var equal = await RescanAsync(pair, options);
        var moved = await NetBytesAsync(pair) - before;
        output.WriteLine($"{source} to {target}: {copied:N0} bytes copied, {moved:N0} for the rescan, {equal.Count} keys named");
        Assert.True(moved * 10 < copied, $"The rescan moved {moved:N0} bytes, the copy {copied:N0}.");
        Assert.Empty(equal);

        await pair.OnSourceAsync(
            "SET Text:new x\nDEL Counter:gone\nSADD shrunk y\nPEXPIRE plain 86400000\nHSET table f0 other\nSADD big-set other\nXACK stream group 1-1"
        );
        await pair.OnTargetAsync("SET surplus x");
        var named = await RescanAsync(pair, options);

        string[] changed = ["Counter:gone", "Text:new", "big-set", "plain", "shrunk", "stream", "surplus", "table"];
        Assert.Equal(changed, named.Intersect(changed).Order(StringComparer.Ordinal));
        // Of other versions' payloads a neighbour in the bucket cannot always be told to be equal.
        Assert.InRange(named.Count, changed.Length, source == target ? changed.Length : changed.Length + 20);
    }

    [Fact]
    public async Task Values_too_large_for_one_call_are_compared_all_the_same()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        for (var i = 0; i < 300; i++)
        {
            var value = new byte[20_000];
            new Random(i).NextBytes(value);
            await pair.SourceClient.GetDatabase().StringSetAsync($"large:{i}", value);
        }

        _ = await CopyAsync(pair);
        Assert.Empty(await RescanAsync(pair));

        await pair.OnSourceAsync("SETRANGE large:77 19999 x\nSETRANGE large:178 0 x");

        Assert.Equal(["large:178", "large:77"], (await RescanAsync(pair)).Order(StringComparer.Ordinal));

        // Which of them are looked at in a call of their own depends on the order in which the server walks.
        var source = pair.SourceClient.GetDatabase();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => source.StringSetRangeAsync($"large:{i}", 100, "changed")));

        Assert.Equal(300, (await RescanAsync(pair)).Count);
    }

    [Theory]
    [InlineData(ServerKind.Machine, ServerKind.Redis80)]
    [InlineData(ServerKind.Redis60, ServerKind.Machine)]
    public async Task Of_a_selection_between_versions_no_value_is_moved_either(ServerKind source, ServerKind target)
    {
        await using var pair = await CopiedAsync(source, target);
        var copied = await CopyAsync(pair);
        await pair.OnBothAsync("SET left-out:x 1");
        var options = new VerifyOptions
        {
            ExpiryTolerance = TimeSpan.FromSeconds(source == ServerKind.Redis60 ? 5 : 0),
            Names = new KeyNames([], ["left-out:*"]),
        };
        var before = await NetBytesAsync(pair);
        var equal = await RescanAsync(pair, options);
        var moved = await NetBytesAsync(pair) - before;
        output.WriteLine($"{source} to {target}: {copied:N0} bytes copied, {moved:N0} for the rescan, {equal.Count} keys named");
        Assert.True(moved * 3 < copied, $"The rescan moved {moved:N0} bytes, the copy {copied:N0}.");
        Assert.Empty(equal);

        await pair.OnSourceAsync(
            "SET Text:new x\nDEL Counter:gone\nSADD shrunk y\nPEXPIRE plain 86400000\nHSET table f0 other\nXACK stream group 1-1"
        );
        await pair.OnSourceAsync("SET left-out:x 2");
        await pair.OnTargetAsync("SET surplus x");

        string[] changed = ["Counter:gone", "Text:new", "plain", "shrunk", "stream", "surplus", "table"];
        Assert.Equal(changed, (await RescanAsync(pair, options)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("+@all")]
    [InlineData("+@all -hgetall")]
    [InlineData("+@all -eval -eval_ro -evalsha -evalsha_ro")]
    public async Task Keys_with_other_names_on_the_target_are_compared_all_the_same(string rights)
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Redis80);
        var names = new KeyNames([], [], slots: null, [new PrefixRename("a:", "b:")]);
        var (text, longest) = (new string('n', 40), new string('n', 300));
        await pair.OnBothAsync($"ACL SETUSER limited on nopass ~* &* {rights}");
        var fields = string.Join(' ', Enumerable.Range(0, 600).Select(static i => $"f{i} v"));
        foreach (
            var (on, prefix) in ((Func<string, Task>, string)[])
                [(one => pair.OnSourceAsync(one), "a:"), (one => pair.OnTargetAsync(one), "b:")]
        )
        {
            await on(
                $"SET {prefix}1 x\nSET {prefix}2 x PXAT 4102444800000\nSET {prefix}{text} x\nSET {prefix}{longest} x\nRPUSH {prefix}list 1 2\nHSET {prefix}h {fields}"
            );
            for (var i = 0; i < 80; i++)
            {
                await on($"SET {prefix}large:{i} {new string((char)('a' + (i % 20)), 20_000)}");
            }
        }

        await pair.OnSourceAsync($"SET a:{text} y\nPEXPIRE a:2 5000000\nSETRANGE a:large:60 5000 other\nRPUSH a:list 3\nSET a:new x");
        await pair.OnTargetAsync("SET b:surplus x");

        var named = await RescanAsync(pair, new VerifyOptions { Names = names }, "limited");

        // Which others are named depends on the order of the walk: nothing is said of what was too much for one call. Without scripts hash tables list their members in another order.
        string[] differing = ["a:2", "a:large:60", "a:list", "a:new", $"a:{text}", "a:surplus"];
        Assert.Equal(differing.Order(StringComparer.Ordinal), named.Intersect(differing).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_rescan_of_slots_names_their_keys_alone()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnSourceAsync("SET a 1\nSET b 1\nSET {b}c 1");
        await pair.OnTargetAsync("SET {b}surplus 1\nSET {a}surplus 1");

        var named = await RescanAsync(pair, new VerifyOptions { Slots = SlotRanges.Of([KeySlot.Of("b"u8)]) });

        Assert.Equal(["b", "{b}c", "{b}surplus"], named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_shift_of_expiries_makes_no_key_different()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        var due = TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
        await pair.OnSourceAsync($"SET a 1 PXAT {due}\nSET b 1 PXAT {due}\nSET c 1");
        await pair.OnTargetAsync($"SET a 1 PXAT {due + 5000}\nSET b 1 PXAT {due}\nSET c 1");
        var ahead = new Keyferry.Servers.ClockOffset(TimeSpan.FromSeconds(5), TimeSpan.Zero);

        var named = await RescanAsync(pair, new VerifyOptions { Shift = new Keyferry.Transfer.ExpiryShift(default, ahead) });

        Assert.Equal(["b"], named);
    }

    [Theory]
    [InlineData("+@all -eval -eval_ro -evalsha -evalsha_ro")]
    [InlineData("+@all -evalsha -evalsha_ro")]
    [InlineData("+@all -hgetall")]
    public async Task Without_the_right_to_scripts_it_finds_the_same(string rights)
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        var fields = string.Join(' ', Enumerable.Range(0, 600).Select(static i => $"f{i} v"));
        await pair.OnBothAsync($"SET a 1\nSET b 1\nHSET h {fields}\nACL SETUSER limited on nopass ~* &* {rights}");
        await pair.OnSourceAsync("SET b 2\nSET c 1");

        var named = await RescanAsync(pair, user: "limited");

        Assert.Equal(["b", "c"], named.Where(static name => name != "h").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_source_that_was_restarted_half_way_is_walked_over_anew()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync("DEBUG POPULATE 3000 key 20");
        var link = await VerifyLink.OpenAsync(
            VerifyPair.Connector(pair.SourceServer.Endpoint, "source"),
            VerifyPair.Connector(pair.TargetServer.Endpoint, "target"),
            new VerifyOptions(),
            TimeProvider.System,
            Stop
        );
        using var suspects = new KeyBatch();
        var comparison = new DigestComparison(new VerifyOptions(), new DatabasePair(0, 0), suspects, proving: false);
        var pages = 0;
        await Assert.ThrowsAnyAsync<IOException>(async () => await comparison.RunAsync(link, () => CutAtAsync(++pages, link), Stop));
        await link.DisposeAsync();
        await pair.SourceServer.RestartAsync();
        await pair.OnTargetAsync("FLUSHALL");
        await using var again = await VerifyLink.OpenAsync(
            VerifyPair.Connector(pair.SourceServer.Endpoint, "source"),
            VerifyPair.Connector(pair.TargetServer.Endpoint, "target"),
            new VerifyOptions(),
            TimeProvider.System,
            Stop
        );

        await comparison.RunAsync(again, static () => ValueTask.CompletedTask, Stop);

        comparison.End();
        // What was compared before counts no more: both are walked over from the beginning, and both are empty now.
        Assert.True(comparison is { IsDone: true, SourceKeys: 0, TargetKeys: 0, Surplus.Count: 0 });
    }

    [Theory]
    [InlineData(ServerKind.Redis80)]
    [InlineData(ServerKind.Valkey81)]
    public async Task It_does_not_touch_the_clock_of_what_is_used(ServerKind kind)
    {
        await using var pair = await CopiedAsync(kind, kind);
        _ = await CopyAsync(pair);
        await pair.OnSourceAsync("SET differs 1");
        // Idle times are set, not waited for.
        var names = await NamesAsync(pair.SourceClient);
        var database = pair.SourceClient.GetDatabase();
        foreach (var name in names)
        {
            var payload = await database.ExecuteAsync("DUMP", name);
            await database.ExecuteAsync("RESTORE", name, 0, (byte[]?)payload ?? [], "REPLACE", "IDLETIME", 5000);
        }

        _ = await RescanAsync(pair);

        var idle = await Task.WhenAll(names.Select(name => database.ExecuteAsync("OBJECT", "IDLETIME", name)));
        Assert.All(idle, static time => Assert.True((long)time >= 5000, $"idle for {time} s"));
    }

    private static ValueTask CutAtAsync(int page, VerifyLink link)
    {
        if (page == 5)
        {
            link.Source.Pages.Reset();
        }

        return ValueTask.CompletedTask;
    }

    private static async Task<VerifyPair> CopiedAsync(ServerKind source, ServerKind target)
    {
        var pair = await VerifyPair.StartAsync(source, target);
        await using var link = await ServerLink.ConnectAsync(pair.SourceServer.Uri);
        var fieldExpiries = source == target && await link.KnowsFieldExpiriesAsync();
        _ = await new Filler(link, new KeySpace(1, Keys), fieldExpiries).FillAsync(Stop);
        var fields = string.Join(' ', Enumerable.Range(0, 600).Select(static i => $"f{i} v{i}"));
        var members = string.Join(' ', Enumerable.Range(0, 600).Select(static i => $"m{i}"));
        await pair.OnSourceAsync(
            $"SET Counter:gone x\nSADD shrunk x\nSET plain x\nHSET table {fields}\nSADD big-set {members}\nXADD stream 1-1 lag 1\nXGROUP CREATE stream group 0\nXREADGROUP GROUP group anna STREAMS stream >"
        );
        return pair;
    }

    /// <summary>Copies as the engine does, by an independent client.</summary>
    /// <returns>Bytes that were moved.</returns>
    private static async Task<long> CopyAsync(VerifyPair pair)
    {
        var before = await NetBytesAsync(pair);
        var (source, target) = (pair.SourceClient.GetDatabase(), pair.TargetClient.GetDatabase());
        var tellsExpiryTime = pair.SourceServer.Version.Major >= 7;
        foreach (var page in (await NamesAsync(pair.SourceClient)).Chunk(100))
        {
            await Task.WhenAll(page.Select(MoveAsync));
        }

        return await NetBytesAsync(pair) - before;

        async Task MoveAsync(RedisKey name)
        {
            var dump = source.ExecuteAsync("DUMP", name);
            var expiry =
                tellsExpiryTime ? (long)await source.ExecuteAsync("PEXPIRETIME", name)
                : await source.KeyTimeToLiveAsync(name) is { } left ? (TimeProvider.System.GetUtcNow() + left).ToUnixTimeMilliseconds()
                : -1;
            await target.ExecuteAsync("RESTORE", name, Math.Max(0, expiry), (byte[]?)await dump ?? [], "REPLACE", "ABSTTL");
        }
    }

    private static async Task<List<RedisKey>> NamesAsync(ConnectionMultiplexer client)
    {
        var names = new List<RedisKey>();
        await foreach (var name in client.GetServers()[0].KeysAsync(pageSize: 1000).WithCancellation(Stop))
        {
            names.Add(name);
        }

        return names;
    }

    private static async Task<HashSet<string>> RescanAsync(VerifyPair pair, VerifyOptions? options = null, string? user = null)
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        var rescan = new Rescan(
            VerifyPair.Connector(
                pair.SourceServer.Endpoint with
                {
                    User = user,
                    Password = user is null ? null : new Secret("any"),
                },
                "source"
            ),
            VerifyPair.Connector(pair.TargetServer.Endpoint, "target"),
            options ?? new VerifyOptions(),
            (key, _) =>
            {
                named.Add(Encoding.UTF8.GetString(key.Name.Span));
                return ValueTask.CompletedTask;
            },
            TimeProvider.System
        );
        await rescan.RunAsync(surplusOnly: false, Stop);
        return named;
    }

    private static async Task<long> NetBytesAsync(VerifyPair pair) =>
        await NetBytesAsync(pair.SourceClient) + await NetBytesAsync(pair.TargetClient);

    private static async Task<long> NetBytesAsync(ConnectionMultiplexer client)
    {
        var stats = (await client.GetServers()[0].InfoAsync("stats")).SelectMany(static section => section).ToDictionary();
        return long.Parse(stats["total_net_input_bytes"]) + long.Parse(stats["total_net_output_bytes"]);
    }
}
