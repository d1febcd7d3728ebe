using System.Globalization;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Traffic.Keys;

namespace Keyferry.Integration.Clusters;

/// <summary>A slot that stands half-way between two nodes for the whole run: each answers for some of its keys, and sends whoever asks for the others on (<c>ASK</c>, <c>TRYAGAIN</c>).</summary>
public sealed class HalfMovedSlotTests
{
    private const string Tag = "{half}";
    private const int Keys = 40;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task On_the_source_every_key_is_read_where_it_is()
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 701, Count: 300), 2, 0, Stop);
        var cluster = pair.SourceCluster ?? throw new InvalidOperationException("the source is a cluster");
        var client = (await cluster.ConnectAsync()).GetDatabase();
        for (var i = 0; i < Keys; i++)
        {
            _ = await client.StringSetAsync($"{Tag}:{i}", "before");
        }

        var (owner, other) = await BeginMoveAsync(cluster);
        await RedisCluster.AskAsync(owner, ["MIGRATE", "127.0.0.1", $"{other.Port}", "", "0", "5000", "KEYS", .. Names(Keys / 2)]);
        using var run = EngineRun.Start(pair.Options, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        for (var i = 0; i < Keys; i += 3)
        {
            _ = await client.StringSetAsync($"{Tag}:{i}", "after");
        }

        _ = await client.KeyDeleteAsync($"{Tag}:1");
        _ = await client.KeyDeleteAsync($"{Tag}:{Keys - 1}");
        await EndEqualAsync(pair, run);
    }

    [Fact]
    public async Task On_the_target_every_key_is_written_where_it_is_to_be()
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 702, Count: 300), 0, 2, Stop);
        var cluster = pair.TargetCluster ?? throw new InvalidOperationException("the target is a cluster");
        var database = pair.Source.Database();
        for (var i = 0; i < Keys; i++)
        {
            _ = await database.StringSetAsync($"{Tag}:{i}", "before");
        }

        // Moved in pieces: a temporary key and a rename, of which each needs the slot.
        _ = await database.StringSetAsync($"{Tag}:large", new string('x', 6_000_000));
        var (owner, other) = await BeginMoveAsync(cluster);
        using var run = EngineRun.Start(pair.Options, Stop);
        await Task.Delay(TimeSpan.FromSeconds(2), Stop);
        for (var i = 0; i < Keys; i += 3)
        {
            _ = await database.StringSetAsync($"{Tag}:{i}", "after");
        }

        await Task.Delay(TimeSpan.FromSeconds(1), Stop);
        Assert.NotEqual("", (await RedisCluster.AskAsync(other, "CLUSTER", "GETKEYSINSLOT", Slot, "100")).Trim());
        await EndMoveAsync(cluster, owner, other);
        await run.ReachAsync(Phase.Following, Stop);
        await EndEqualAsync(pair, run);
    }

    private static string Slot => KeySlot.Of(System.Text.Encoding.ASCII.GetBytes(Tag)).ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<string> Names(int keys) => Enumerable.Range(0, keys).Select(static i => $"{Tag}:{i}");

    private static async Task<(RedisServer Owner, RedisServer Other)> BeginMoveAsync(RedisCluster cluster)
    {
        var owner = (await RedisCluster.AskAsync(cluster.Nodes[0], "CLUSTER", "COUNTKEYSINSLOT", Slot)).Trim();
        Assert.DoesNotContain("ERR", owner, StringComparison.Ordinal);
        // The nodes share the slots evenly, in order.
        var first = int.Parse(Slot, CultureInfo.InvariantCulture) < 8192;
        var (from, to) = first ? (cluster.Nodes[0], cluster.Nodes[1]) : (cluster.Nodes[1], cluster.Nodes[0]);
        await RedisCluster.AskAsync(to, "CLUSTER", "SETSLOT", Slot, "IMPORTING", await IdAsync(from));
        await RedisCluster.AskAsync(from, "CLUSTER", "SETSLOT", Slot, "MIGRATING", await IdAsync(to));
        return (from, to);
    }

    /// <summary>Moves what is left, as an operator's tool does.</summary>
    private static async Task EndMoveAsync(RedisCluster cluster, RedisServer from, RedisServer to)
    {
        while ((await RedisCluster.AskAsync(from, "CLUSTER", "GETKEYSINSLOT", Slot, "100")).Trim() is { Length: > 0 } left)
        {
            await RedisCluster.AskAsync(
                from,
                [
                    "MIGRATE",
                    "127.0.0.1",
                    $"{to.Port}",
                    "",
                    "0",
                    "5000",
                    "REPLACE",
                    "KEYS",
                    .. left.Split('\n').Select(static key => key.Trim()),
                ]
            );
        }

        foreach (var node in (RedisServer[])[to, from])
        {
            await RedisCluster.AskAsync(node, "CLUSTER", "SETSLOT", Slot, "NODE", await IdAsync(to));
        }

        Assert.Equal(2, cluster.Nodes.Count);
    }

    private static async Task<string> IdAsync(RedisServer node) => (await RedisCluster.AskAsync(node, "CLUSTER", "MYID")).Trim();

    private static async Task EndEqualAsync(ClusterPair pair, EngineRun run)
    {
        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(90), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        await pair.AssertEqualAsync($"{run.Log}", Stop);
    }
}
