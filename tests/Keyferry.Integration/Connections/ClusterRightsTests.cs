using Keyferry.Capture;
using Keyferry.Integration.Clusters;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic.Keys;

namespace Keyferry.Integration.Connections;

/// <summary>The rights that <c>docs/operate/permissions.md</c> lists for clusters and sentinels suffice; where one is missing on one node alone, it is named, and the node, before anything is
/// copied.</summary>
public sealed class ClusterRightsTests
{
    private const string Password = "pw";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_right_less_on_one_node_is_named_with_the_node()
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 502, Count: 300), 2, 2, Stop);
        var (source, target) = (Nodes(pair.SourceCluster), Nodes(pair.TargetCluster));
        string[] onSource = [.. DocumentedRights.OfSource("notifications"), .. DocumentedRights.After("Clusters")];
        string[] onTarget = [.. DocumentedRights.After("The target"), .. DocumentedRights.After("Clusters")];
        await SetUserAsync(source, onSource);
        await SetUserAsync(target, onTarget);
        var options = pair.Options with
        {
            Source = AsFerry(pair.SourceEndpoint),
            Target = AsFerry(pair.TargetEndpoint),
            Capture = CaptureKind.Notifications,
            UntilIdle = TimeSpan.FromMilliseconds(500),
        };
        await AssertEqualAsync(options);

        options = options with { TargetKeys = TargetKeys.Replace };
        foreach (var left in onSource)
        {
            await AssertNamedAsync(options, source[1], onSource, left);
        }

        foreach (var left in onTarget)
        {
            await AssertNamedAsync(options, target[1], onTarget, left);
        }

        // The node that is named in the URI is the first to be asked.
        foreach (var left in DocumentedRights.After("Clusters"))
        {
            await AssertNamedAsync(options, source[0], onSource, left);
            await AssertNamedAsync(options, target[0], onTarget, left);
        }
    }

    [Fact]
    public async Task A_replica_of_a_cluster_needs_one_right_more()
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 504, Count: 200), 2, 0, Stop, replicas: 1);
        string[] rights =
        [
            .. DocumentedRights.OfSource("polling"),
            .. DocumentedRights.After("Clusters"),
            .. DocumentedRights.After("With [`--source-read-from"),
        ];
        await SetUserAsync(Nodes(pair.SourceCluster), rights);
        var options = pair.Options with
        {
            Source = AsFerry(pair.SourceEndpoint),
            Mode = MigrationMode.Snapshot,
            SourceReads = SourceReads.Replica,
        };
        await AssertEqualAsync(options);
        options = options with { TargetKeys = TargetKeys.Replace };
        var replica = pair.SourceCluster?.ReplicaOf(1) ?? throw new InvalidOperationException("the source is a cluster");
        foreach (var left in (string[])["+readonly", "+dump"])
        {
            await AssertNamedAsync(options, replica, rights, left);
        }
    }

    [Fact]
    public async Task One_right_less_on_a_sentinel_is_named()
    {
        await using var source = await SentinelPair.StartAsync();
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await SetUserAsync([source.Primary], DocumentedRights.OfSource("polling"));
        await RedisCluster.AskAsync(source.Sentinel, "ACL", "SETUSER", "admin", "on", ">adm", "+@all");
        await RedisCluster.AskAsync(source.Sentinel, "ACL", "SETUSER", "default", "off");
        var rights = DocumentedRights.After("Sentinels");
        await SetAsync(rights);
        var options = new MigrationOptions
        {
            Source = AsFerry(source.Endpoint),
            Target = target.Endpoint,
            Mode = MigrationMode.Snapshot,
        };
        await AssertEqualAsync(options);
        foreach (var left in rights)
        {
            await SetAsync(rights.Where(right => right != left));
            var refused = await RefusedAsync(options, left);
            Assert.Contains($"127.0.0.1:{source.Sentinel.Port}", refused.Saw, StringComparison.Ordinal);
        }

        Task SetAsync(IEnumerable<string> given) =>
            RedisCluster.AskAsync(source.Sentinel, ["--user", "admin", "--pass", "adm", "--no-auth-warning", .. SetUser([.. given])]);
    }

    private static IReadOnlyList<RedisServer> Nodes(RedisCluster? cluster) =>
        cluster?.Nodes ?? throw new InvalidOperationException("this side is a cluster");

    private static Endpoint AsFerry(Endpoint endpoint) => endpoint with { User = "ferry", Password = new Secret(Password) };

    private static string[] SetUser(string[] rights) => ["ACL", "SETUSER", "ferry", "reset", "on", $">{Password}", "-@all", .. rights];

    private static async Task SetUserAsync(IEnumerable<RedisServer> nodes, string[] rights)
    {
        foreach (var node in nodes)
        {
            await RedisCluster.AskAsync(node, SetUser(rights));
        }
    }

    private static async Task AssertEqualAsync(MigrationOptions options)
    {
        using var run = EngineRun.Start(options, Stop);
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
    }

    /// <summary>Takes a right away on one node, and gives it back.</summary>
    private static async Task AssertNamedAsync(MigrationOptions options, RedisServer node, string[] rights, string left)
    {
        await RedisCluster.AskAsync(node, SetUser([.. rights.Where(right => right != left)]));
        var refused = await RefusedAsync(options, left);
        Assert.True(refused.Saw.Contains($"127.0.0.1:{node.Port}", StringComparison.Ordinal), $"Without {left} on {node}: {refused.Saw}");
        await RedisCluster.AskAsync(node, SetUser(rights));
    }

    private static async Task<KeyferryException> RefusedAsync(MigrationOptions options, string left)
    {
        using var run = EngineRun.Start(options, Stop);
        try
        {
            var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
            Assert.Fail($"Without {left} the run ended as {report.Verdict}.\n{run.Log}");
            throw new InvalidOperationException();
        }
        catch (KeyferryException refused)
        {
            Assert.Contains(left, $"{refused.Saw} {refused.Remedy}", StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("Phase = Copying", $"{run.Log}", StringComparison.Ordinal);
            return refused;
        }
    }
}
