using Keyferry.Capture;
using Keyferry.Integration.Clusters;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;

namespace Keyferry.Integration.Connections;

/// <summary>The rights that <c>docs/operate/permissions.md</c> lists suffice, and not one of them can be left out.</summary>
public sealed class LeastRightsTests
{
    private const string Password = "pw";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("notifications")]
    [InlineData("tracking")]
    [InlineData("polling")]
    public async Task The_documented_rights_suffice(string capture)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var link = await ServerLink.ConnectAsync(source.Uri);
        await new Filler(link, new KeySpace(Seed: 501, Count: 500)).FillAsync(Stop);
        await SetUserAsync(source, SourceRights(capture));
        await SetUserAsync(target, Rights("The target"));
        using var run = EngineRun.Start(Options(source, target, capture), Stop);
        await run.ReachAsync(Phase.Following, Stop);
        await run.FinishAsync();

        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);

        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
    }

    [Theory]
    [InlineData("notifications")]
    [InlineData("tracking")]
    public async Task One_right_less_on_the_source_is_named(string capture)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var rights = SourceRights(capture);
        foreach (var left in rights)
        {
            await source.CommandAsync("CONFIG", "SET", "notify-keyspace-events", "");
            await SetUserAsync(source, rights.Where(right => right != left));
            await SetUserAsync(target, Rights("The target"));
            await AssertNamedAsync(Options(source, target, capture), left);
        }
    }

    [Fact]
    public async Task One_right_less_on_the_target_is_named()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var rights = Rights("The target");
        await SetUserAsync(source, SourceRights("polling"));
        foreach (var left in rights)
        {
            await SetUserAsync(target, rights.Where(right => right != left));
            await AssertNamedAsync(Options(source, target, "polling"), left);
        }
    }

    [Fact]
    public async Task The_rights_for_a_cluster_suffice_and_are_named()
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 502, Count: 500), 2, 0, Stop);
        var cluster = pair.SourceCluster ?? throw new InvalidOperationException("the source is a cluster");
        string[] rights = [.. SourceRights("notifications"), .. Rights("Clusters")];
        foreach (var node in cluster.Nodes)
        {
            await SetUserOfNodeAsync(node, rights);
        }

        var options = pair.Options with
        {
            Source = pair.SourceEndpoint with { User = "ferry", Password = new Secret(Password) },
            Capture = CaptureKind.Notifications,
            UntilIdle = TimeSpan.FromMilliseconds(500),
        };
        using var run = EngineRun.Start(options, Stop);
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");

        await SetUserOfNodeAsync(cluster.Nodes[0], rights.Where(static right => right != "+cluster|slots"));
        await AssertNamedAsync(options, "+cluster|slots");
    }

    private static async Task AssertNamedAsync(MigrationOptions options, string right)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var run = EngineRun.Start(options with { UntilIdle = TimeSpan.FromMilliseconds(300) }, ended.Token);
        try
        {
            var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
            Assert.Fail($"Without {right} the run ended as {report.Verdict}.\n{run.Log}");
        }
        catch (KeyferryException refused)
        {
            Assert.Contains(right, $"{refused.Saw} {refused.Remedy}", StringComparison.OrdinalIgnoreCase);
        }
    }

    private static MigrationOptions Options(RedisServer source, RedisServer target, string capture) =>
        new()
        {
            Source = source.Endpoint with { User = "ferry", Password = new Secret(Password) },
            Target = target.Endpoint with { User = "ferry", Password = new Secret(Password) },
            Capture = Enum.Parse<CaptureKind>(capture, ignoreCase: true),
            TargetKeys = TargetKeys.Replace,
        };

    private static async Task SetUserAsync(RedisServer server, IEnumerable<string> rights)
    {
        object[] rules = ["SETUSER", "ferry", "reset", "on", $">{Password}", "-@all", .. rights];
        _ = await server.CommandAsync("ACL", rules);
    }

    private static Task SetUserOfNodeAsync(RedisServer node, IEnumerable<string> rights) =>
        RedisCluster.AskAsync(node, ["ACL", "SETUSER", "ferry", "reset", "on", $">{Password}", "-@all", .. rights]);

    private static string[] SourceRights(string capture) =>
        capture == "polling" ? Rights("The source") : [.. Rights("The source"), .. Rights($"With `--capture {capture}`")];

    /// <summary>The rights in the first block of code after the words.</summary>
    private static string[] Rights(string after)
    {
        var lines = File.ReadAllLines(Page());
        var begin = Array.FindIndex(
            lines,
            line => line.StartsWith($"## {after}", StringComparison.Ordinal) || line.StartsWith(after, StringComparison.Ordinal)
        );
        return
        [
            .. lines
                .Skip(begin)
                .SkipWhile(static line => !line.StartsWith("    ", StringComparison.Ordinal))
                .TakeWhile(static line => line.StartsWith("    ", StringComparison.Ordinal))
                .SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
        ];
    }

    private static string Page()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "docs", "operate", "permissions.md")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("docs/operate/permissions.md is not found.");
        }

        return Path.Combine(folder, "docs", "operate", "permissions.md");
    }
}
