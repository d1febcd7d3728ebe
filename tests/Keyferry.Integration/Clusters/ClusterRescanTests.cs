using System.Diagnostics;
using System.Globalization;
using System.Text;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Integration.Verify;
using Keyferry.Model;
using Keyferry.Servers;
using Keyferry.Traffic;
using Keyferry.Traffic.Keys;
using Keyferry.Verify;
using StackExchange.Redis;

namespace Keyferry.Integration.Clusters;

/// <summary>A rescan where one side or both are clusters: values of equal keys stay on their nodes, whatever differs is named, and nothing else hardly ever is.</summary>
public sealed class ClusterRescanTests(ITestOutputHelper output)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Before 7.0 servers tell only the time that is left, and that takes time to be told.</summary>
    private static VerifyOptions Options => new() { ExpiryTolerance = TimeSpan.FromSeconds(5) };

    [Theory]
    [InlineData(2, 3, ServerKind.Machine)]
    [InlineData(3, 0, ServerKind.Valkey81)]
    [InlineData(0, 3, ServerKind.Redis80)]
    public async Task A_gap_costs_a_tenth_of_the_copy_and_mends_what_differs(int sourcePrimaries, int targetPrimaries, ServerKind kind)
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(801, 10_000), sourcePrimaries, targetPrimaries, Stop, kind: kind);
        await FillAsync(pair.Source.Database(), 10_000);
        using var run = await AssertCheapAsync(pair);
        var (source, target) = (pair.Source.Database(), pair.Target.Database());
        for (var i = 0; i < 300; i += 10)
        {
            _ = await target.StringSetRangeAsync(Name(i), 5, "other");
            _ = await target.KeyDeleteAsync(Name(i + 1));
            _ = await target.KeyExpireAsync(Name(i + 2), TimeSpan.FromHours(1));
            _ = await target.StringSetAsync($"surplus:{i}", "x");
            // What the source has not used could not have been changed by the application: it would be left out.
            _ = (await source.KeyTouchAsync(Name(i)), await source.KeyTouchAsync(Name(i + 1)), await source.KeyTouchAsync(Name(i + 2)));
        }

        await OpenGapAsync(pair, run);
        await pair.AssertEqualAsync($"{run.Log}", Stop);
        await run.FinishAsync();
        _ = await run.Ended;
    }

    [Theory]
    [Trait("Category", "Long")]
    [InlineData(ServerKind.Machine)]
    [InlineData(ServerKind.Valkey91)]
    public async Task Many_keys_of_all_types_are_looked_at_again_for_a_tenth_of_the_bytes(ServerKind kind)
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(7, 200_000), 3, 3, Stop, kind: kind);
        using var run = await AssertCheapAsync(pair);
        await run.FinishAsync();
        _ = await run.Ended;
    }

    [Theory]
    [InlineData(3, 2, ServerKind.Machine)]
    [InlineData(2, 2, ServerKind.Redis60)]
    public async Task Whatever_differs_is_named_and_nothing_else(int sourcePrimaries, int targetPrimaries, ServerKind kind)
    {
        await using var pair = await EqualAsync(sourcePrimaries, targetPrimaries, kind, keys: 2_000);
        Assert.Empty(await RescanAsync(pair));
        var (source, target) = (pair.Source.Database(), pair.Target.Database());
        var expected = new List<string>();
        for (var i = 0; i < 2_000; i += 200)
        {
            // Two keys have each other's value: a sum that does not know whose value is whose would be the same.
            var (one, other) = (await source.StringGetAsync(Name(i)), await source.StringGetAsync(Name(i + 1)));
            _ = await target.StringSetAsync(Name(i), other);
            _ = await target.StringSetAsync(Name(i + 1), one);
            _ = await target.KeyDeleteAsync(Name(i + 2));
            _ = await source.KeyDeleteAsync(Name(i + 3));
            _ = await target.KeyExpireAsync(Name(i + 4), TimeSpan.FromHours(1));
            _ = await target.KeyDeleteAsync(Name(i + 5));
            _ = await target.ListRightPushAsync(Name(i + 5), await source.StringGetAsync(Name(i + 5)));
            _ = await target.StringSetAsync($"surplus:{i}", "x");
            _ = await source.HashSetAsync($"new:{i}", "f", "v");
            expected.AddRange([.. Enumerable.Range(i, 6).Select(Name), $"surplus:{i}", $"new:{i}"]);
        }

        Assert.Equal(expected.Order(StringComparer.Ordinal), (await RescanAsync(pair)).Order(StringComparer.Ordinal));
    }

    /// <summary>Payloads list the members of a set in an order of their own: only digests find those of two servers equal.</summary>
    [Fact]
    public async Task Of_some_slots_only_what_differs_is_named()
    {
        await using var pair = await EqualAsync(3, 2, ServerKind.Machine, keys: 1_000);
        var chosen = SlotRanges.Of(Enumerable.Range(0, KeySlot.Count).Where(static slot => slot % 2 == 0));
        Assert.Empty(await RescanAsync(pair, options: Options with { Slots = chosen }));
        var (source, target) = (pair.Source.Database(), pair.Target.Database());
        var expected = new List<string>();
        for (var i = 0; i < 100; i++)
        {
            _ = await target.StringSetAsync(Name(i), "other");
            _ = await target.SetAddAsync($"set:{i}", "other");
            _ = await source.StringSetAsync($"new:{i}", "x");
            _ = await target.StringSetAsync($"surplus:{i}", "x");
            expected.AddRange([Name(i), $"set:{i}", $"new:{i}", $"surplus:{i}"]);
        }

        var named = await RescanAsync(pair, options: Options with { Slots = chosen });

        Assert.Equal(
            expected.Where(name => chosen.Cover(Encoding.UTF8.GetBytes(name))).Order(StringComparer.Ordinal),
            named.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task Without_the_right_to_scripts_it_finds_the_same()
    {
        await using var pair = await EqualAsync(2, 2, ServerKind.Machine, keys: 500);
        _ = await pair.Source.Database().StringSetAsync(Name(7), "other");
        _ = await pair.Source.Database().StringSetAsync("new", "x");
        _ = await pair.Target.Database().StringSetAsync("surplus", "x");
        string[] differing = ["new", "surplus", Name(7)];
        foreach (
            var rights in (string[])["-eval -eval_ro -evalsha -evalsha_ro", "-evalsha -evalsha_ro", "-memory|usage", "-memory", "-hgetall"]
        )
        {
            foreach (var node in (pair.SourceCluster?.Nodes ?? []).Concat(pair.TargetCluster?.Nodes ?? []))
            {
                string[] limited = ["ACL", "SETUSER", "limited", "reset", "on", "nopass", "~*", "&*", "+@all"];
                _ = await RedisCluster.AskAsync(node, [.. limited, .. rights.Split(' ')]);
            }

            foreach (var (source, target) in ((string?, string?)[])[("limited", null), (null, "limited"), ("limited", "limited")])
            {
                var named = await RescanAsync(pair, source, target);

                // Payloads list the members of a hash table in an order of their own.
                var certain = named.Where(static name => !name.StartsWith("set:", StringComparison.Ordinal) && name != "wide");
                Assert.True(differing.SequenceEqual(certain.Order(StringComparer.Ordinal)), $"{rights}: {string.Join(' ', named)}");
            }
        }
    }

    [Fact]
    public async Task A_node_that_has_forgotten_the_script_is_told_it_again()
    {
        await using var pair = await EqualAsync(2, 2, ServerKind.Machine, keys: 3_000);
        _ = await pair.Target.Database().StringSetAsync(Name(7), "other");
        var nodes = (pair.TargetCluster?.Nodes ?? []).Concat(pair.SourceCluster?.Nodes ?? []).ToList();
        using var named = new CancellationTokenSource();
        var forgetting = ForgetAsync(nodes, named.Token);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal([Name(7)], await RescanAsync(pair));
        }

        await named.CancelAsync();
        Assert.True(await forgetting > 0);

        static async Task<int> ForgetAsync(List<RedisServer> nodes, CancellationToken named)
        {
            var times = 0;
            for (; !named.IsCancellationRequested; times++)
            {
                _ = await RedisCluster.AskAsync(nodes[times % nodes.Count], "SCRIPT", "FLUSH");
                // Meanwhile it gets on.
                await Task.Delay(TimeSpan.FromMilliseconds(100), Stop);
            }

            return times;
        }
    }

    /// <summary>Slots that stand half-way between two nodes, in either direction: each has some of their keys, and whoever asks for the others is sent on.</summary>
    [Fact]
    public async Task A_slot_that_is_half_moved_hides_nothing()
    {
        await using var pair = await EqualAsync(2, 2, ServerKind.Machine, keys: 2_000);
        var (source, target) = (pair.Source.Database(), pair.Target.Database());
        string[] tags = ["{half}", "{quarter}"];
        foreach (var tag in tags)
        {
            for (var i = 0; i < 40; i++)
            {
                _ = await source.StringSetAsync($"{tag}:{i}", "same");
                _ = i % 30 == 4 || await target.StringSetAsync($"{tag}:{i}", i % 30 == 3 ? "other" : "same");
            }
        }

        _ = await target.StringSetAsync(Name(7), "other");
        string[] differing = [Name(7), .. tags.SelectMany(static tag => (string[])[$"{tag}:3", $"{tag}:33", $"{tag}:34", $"{tag}:4"])];
        await BeginMovesAsync(pair.TargetCluster, tags);

        Assert.Equal(differing.Order(StringComparer.Ordinal), (await RescanAsync(pair)).Order(StringComparer.Ordinal));

        await BeginMovesAsync(pair.SourceCluster, tags);
        var named = await RescanAsync(pair);

        // The walk over the source finds keys at a node that does not serve their slot, and can say nothing of those.
        Assert.All(named.Except(differing), name => Assert.Contains(tags, tag => name.StartsWith(tag, StringComparison.Ordinal)));
        Assert.Equal(differing.Order(StringComparer.Ordinal), named.Intersect(differing).Order(StringComparer.Ordinal));
    }

    /// <summary>The walk over a node begins after the slot that was its first has become another's: it is walked over all the same.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_node_that_loses_its_first_slot_is_walked_over(bool ofSource)
    {
        await using var pair = await EqualAsync(2, 2, ServerKind.Machine, keys: 0);
        var nodes = (ofSource ? pair.SourceCluster : pair.TargetCluster)?.Nodes ?? [];
        var (first, last) = (KeySlot.TagOf(0), KeySlot.TagOf(KeySlot.Count - 1));
        _ = await pair.Source.Database().StringSetAsync($"{{{first}}}", "x");
        _ = await pair.Source.Database().StringSetAsync($"{{{last}}}", "x");
        _ = await pair.Target.Database().StringSetAsync($"{{{last}}}:surplus", "x");

        var named = await RescanAsync(pair, looked: MoveAsync);

        string[] differing = [$"{{{first}}}", $"{{{last}}}", $"{{{last}}}:surplus"];
        Assert.Equal(differing.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));

        async Task MoveAsync(ServerConnector source, ServerConnector target)
        {
            var id = await RedisCluster.AskAsync(nodes[0], "CLUSTER", "MYID");
            foreach (var node in nodes.Reverse())
            {
                Assert.Equal("OK", await RedisCluster.AskAsync(node, "CLUSTER", "SETSLOT", "8192", "NODE", id));
            }

            var topology = Assert.IsType<ClusterTopology>((ofSource ? source : target).Topology);
            Assert.Equal(nodes[0].Port, (await topology.RefreshAsync(Stop)).OwnerOf(8192)?.Port);
        }
    }

    /// <summary>Copies, makes a gap, and asserts that closing it moves no key and next to no bytes.</summary>
    /// <returns>The run, which follows.</returns>
    private async Task<EngineRun> AssertCheapAsync(ClusterPair pair)
    {
        var before = await BytesAsync(pair);
        var watch = Stopwatch.StartNew();
        var run = EngineRun.Start(pair.Options with { Verify = false }, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        var copy = (watch.Elapsed, Bytes: await BytesAsync(pair) - before);
        var written = run.Run.Progress.Written;

        before = await BytesAsync(pair);
        watch.Restart();
        await OpenGapAsync(pair, run);
        var rescan = (watch.Elapsed, Bytes: await BytesAsync(pair) - before);
        output.WriteLine($"copy: {copy.Elapsed.TotalSeconds:0.0} s, {copy.Bytes:N0} bytes, {written:N0} keys");
        output.WriteLine($"rescan: {rescan.Elapsed.TotalSeconds:0.0} s, {rescan.Bytes:N0} bytes");
        Assert.Equal(written, run.Run.Progress.Written);
        Assert.True(rescan.Bytes * 10 < copy.Bytes, $"The rescan moved {rescan.Bytes:N0} bytes, the copy {copy.Bytes:N0}.\n{run.Log}");
        return run;
    }

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"text:{number}");

    private static async Task FillAsync(IDatabase database, int keys)
    {
        var random = new Random(5);
        foreach (var chunk in Enumerable.Range(0, keys).Chunk(1000))
        {
            await Task.WhenAll(
                chunk.Select(i =>
                {
                    var value = new byte[random.Next(400, 1_200)];
                    random.NextBytes(value);
                    var life = i % 4 == 3 ? TimeSpan.FromDays(1) : (TimeSpan?)null;
                    return life is null ? database.StringSetAsync(Name(i), value) : database.StringSetAsync(Name(i), value, life.Value);
                })
            );
        }
    }

    /// <summary>Both sides have the same keys, of several types and with expiries.</summary>
    private static async Task<ClusterPair> EqualAsync(int sourcePrimaries, int targetPrimaries, ServerKind kind, int keys)
    {
        var pair = await ClusterPair.StartAsync(new KeySpace(803, 0), sourcePrimaries, targetPrimaries, Stop, kind: kind);
        var due = TimeProvider.System.GetUtcNow().AddHours(5).ToUnixTimeMilliseconds();
        foreach (var side in (ServerLink[])[pair.Source, pair.Target])
        {
            var database = side.Database();
            for (var first = 0; first < keys; first += 100)
            {
                var values = Enumerable.Range(first, 100).Select(i => database.StringSetAsync(Name(i), $"{i} {new string('x', i % 50)}"));
                var others = Enumerable
                    .Range(first, 10)
                    .SelectMany(i =>
                        (Task[])
                            [
                                database.HashSetAsync($"hash:{i}", [.. Enumerable.Range(0, 20).Select(f => new HashEntry($"f{f}", i * f))]),
                                database.SetAddAsync($"set:{i}", [.. Enumerable.Range(0, 20).Select(f => (RedisValue)$"m{f}")]),
                                database.ListRightPushAsync($"list:{i}", [.. Enumerable.Range(0, 20).Select(f => (RedisValue)$"m{f}")]),
                            ]
                    );
                await Task.WhenAll([.. values, .. others]);
                await database.ExecuteAsync("PEXPIREAT", [(RedisKey)$"hash:{first}", due]);
                await database.ExecuteAsync("PEXPIREAT", [(RedisKey)Name(first + 60), due]);
            }

            await database.HashSetAsync("wide", [.. Enumerable.Range(0, 600).Select(static f => new HashEntry($"f{f}", f))]);
        }

        return pair;
    }

    /// <summary>Ends every connection of the capture, and returns when both sides were compared for that.</summary>
    private static async Task OpenGapAsync(ClusterPair pair, EngineRun run)
    {
        foreach (var server in pair.Source.Primaries)
        {
            _ = await server.ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
        }

        while (run.Run.Progress is { Gaps: 0 } or { OpenGaps: > 0 })
        {
            Assert.False(run.Ended.IsCompleted, $"{run.Log}");
            await Task.Delay(TimeSpan.FromMilliseconds(10), Stop);
        }
    }

    private static async Task<HashSet<string>> RescanAsync(
        ClusterPair pair,
        string? sourceUser = null,
        string? targetUser = null,
        VerifyOptions? options = null,
        Func<ServerConnector, ServerConnector, Task>? looked = null
    )
    {
        var source = await ConnectorAsync(pair.SourceEndpoint, "source", sourceUser);
        var target = await ConnectorAsync(pair.TargetEndpoint, "target", targetUser);
        var named = new HashSet<string>(StringComparer.Ordinal);
        var rescan = new Rescan(
            source,
            target,
            options ?? Options,
            async (key, _) =>
            {
                named.Add(Encoding.UTF8.GetString(key.Name.Span));
                await (looked?.Invoke(source, target) ?? Task.CompletedTask);
            },
            TimeProvider.System
        );
        await rescan.RunAsync(surplusOnly: false, Stop);
        return named;
    }

    private static async Task<ServerConnector> ConnectorAsync(Endpoint endpoint, string role, string? user)
    {
        var limited = endpoint with { User = user, Password = user is null ? null : new Secret("any") };
        var connector = VerifyPair.Connector(limited, role);
        await connector.DiscoverAsync(Stop);
        return connector;
    }

    /// <summary>Moves keys of the slots of some tags without ending it.</summary>
    private static async Task BeginMovesAsync(RedisCluster? cluster, string[] tags)
    {
        Assert.NotNull(cluster);
        foreach (var tag in tags)
        {
            var slot = KeySlot.Of(Encoding.UTF8.GetBytes(tag));
            // The nodes share the slots evenly, in order.
            var (from, to) = slot < KeySlot.Count / 2 ? (cluster.Nodes[0], cluster.Nodes[1]) : (cluster.Nodes[1], cluster.Nodes[0]);
            await RedisCluster.AskAsync(
                to,
                "CLUSTER",
                "SETSLOT",
                $"{slot}",
                "IMPORTING",
                await RedisCluster.AskAsync(from, "CLUSTER", "MYID")
            );
            await RedisCluster.AskAsync(
                from,
                "CLUSTER",
                "SETSLOT",
                $"{slot}",
                "MIGRATING",
                await RedisCluster.AskAsync(to, "CLUSTER", "MYID")
            );
            var moved = Enumerable.Range(0, 20).Select(i => $"{tag}:{i}");
            await RedisCluster.AskAsync(from, ["MIGRATE", "127.0.0.1", $"{to.Port}", "", "0", "5000", "KEYS", .. moved]);
        }
    }

    private static async Task<long> BytesAsync(ClusterPair pair)
    {
        long sum = 0;
        foreach (var server in pair.Source.Primaries.Concat(pair.Target.Primaries))
        {
            var stats = (await server.InfoAsync("stats")).SelectMany(static section => section).ToDictionary();
            sum += long.Parse(stats["total_net_input_bytes"], CultureInfo.InvariantCulture);
            sum += long.Parse(stats["total_net_output_bytes"], CultureInfo.InvariantCulture);
        }

        return sum;
    }
}
