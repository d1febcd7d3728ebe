using Keyferry.Capture;
using Keyferry.Cutover;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Cutover;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Integration.Versions;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Integration.Connections;

/// <summary>Each server of the matrix takes the rules that <c>docs/operate/permissions.md</c> has for it; they suffice for a migration with a cutover, for large values and to verify, and
/// each that is left out is named.</summary>
public sealed class RightsOfVersionsTests
{
    private const string Password = "pw";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The oldest server and the newest of each family.</summary>
    public static TheoryData<ServerKind> Extremes => [ServerKind.Redis60, ServerMatrix.NewestRedis, ServerMatrix.NewestValkey];

    [Theory]
    [MemberData(nameof(Extremes))]
    public Task The_rules_of_a_version_are_taken_and_suffice(ServerKind kind) => AssertSufficeAsync(kind);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(ServerMatrix.All), MemberType = typeof(ServerMatrix))]
    public Task The_rules_of_every_version_are_taken_and_suffice(ServerKind kind) => AssertSufficeAsync(kind);

    [Theory]
    [MemberData(nameof(Extremes))]
    public Task A_rule_that_only_a_version_has_is_named_where_it_is_missing(ServerKind kind) =>
        AssertNamedAsync(
            kind,
            kind == ServerKind.Redis60
                ? ["+pttl", "+psubscribe", "+xreadgroup", "~*"]
                : ["+pexpiretime", "+hpexpiretime", "&__keyevent@*__:*", "+hpexpireat", "~*"]
        );

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(ServerMatrix.All), MemberType = typeof(ServerMatrix))]
    public Task Every_rule_is_named_where_it_is_missing(ServerKind kind) => AssertNamedAsync(kind, lefts: null);

    private static string[] OnSource(ServerKind kind) =>
        DocumentedRights.On(kind, [.. DocumentedRights.OfSource("notifications"), .. FenceOf(kind)]);

    private static string[] OnTarget(ServerKind kind) => DocumentedRights.On(kind, DocumentedRights.After("The target"));

    private static string[] Large(ServerKind kind) => DocumentedRights.On(kind, DocumentedRights.After("Large values"));

    /// <summary>Before 6.2 a pause holds reads, too, so that the fence is another.</summary>
    private static string[] FenceOf(ServerKind kind) =>
        DocumentedRights.After(kind == ServerKind.Redis60 ? "`+multi +discard`" : "Besides, on the source");

    private static async Task AssertSufficeAsync(ServerKind kind)
    {
        await using var pair = await StartAsync(kind);
        await SetUserAsync(pair.Source, OnSource(kind));
        await SetUserAsync(pair.Target, OnTarget(kind));
        var options = pair.Options with
        {
            Cutover = new CutoverOptions
            {
                When = CutoverWhen.WhenReady,
                Fence = kind == ServerKind.Redis60 ? FenceKind.Acl : FenceKind.Pause,
                SwitchHook = "switch",
                WatchOld = TimeSpan.FromMilliseconds(500),
            },
        };
        Assert.NotNull((await AssertEqualAsync(options)).Cutover);

        await SetUserAsync(pair.Source, DocumentedRights.On(kind, [.. DocumentedRights.After("The source"), "+memory|usage"]));
        await SetUserAsync(pair.Target, [.. OnTarget(kind), .. Large(kind)]);
        _ = await AssertEqualAsync(pair.Options with { Mode = MigrationMode.Snapshot, LargeValue = 1 });

        await SetUserAsync(pair.Target, DocumentedRights.On(kind, DocumentedRights.After("The source")));
        using var line = new CommandLine();
        string[] sides = [UriOf(pair.Source), UriOf(pair.Target)];
        Assert.True(await line.RunAsync(["verify", .. sides]) == 0, $"{line.Out}\n{line.Error}");
    }

    /// <param name="kind">Which server.</param>
    /// <param name="lefts">The rules that are left out, one after the other; all of them where that is not said.</param>
    private static async Task AssertNamedAsync(ServerKind kind, string[]? lefts)
    {
        await using var pair = await StartAsync(kind);
        var (onSource, onTarget, large) = (
            DocumentedRights.On(kind, DocumentedRights.OfSource("notifications")),
            OnTarget(kind),
            Large(kind)
        );
        string[] reading = DocumentedRights.On(kind, [.. DocumentedRights.After("The source"), "+memory|usage"]);
        var idle = pair.Options with { UntilIdle = TimeSpan.FromMilliseconds(300) };
        var snapshot = pair.Options with { Mode = MigrationMode.Snapshot, LargeValue = 1 };
        foreach (var left in onSource.Where(right => lefts?.Contains(right) != false))
        {
            _ = await pair.Source.CommandAsync("CONFIG", "SET", "notify-keyspace-events", "");
            await SetUserAsync(pair.Source, onSource.Where(right => right != left));
            await SetUserAsync(pair.Target, onTarget);
            await AssertRefusedAsync(idle, left);
        }

        await SetUserAsync(pair.Source, reading);
        foreach (var left in onTarget.Where(right => lefts?.Contains(right) != false))
        {
            await SetUserAsync(pair.Target, onTarget.Where(right => right != left));
            await AssertRefusedAsync(pair.Options with { Mode = MigrationMode.Snapshot }, left);
        }

        foreach (var left in large.Where(right => lefts?.Contains(right) != false))
        {
            await SetUserAsync(pair.Target, [.. onTarget, .. large.Where(right => right != left)]);
            await AssertRefusedAsync(snapshot, left);
        }
    }

    private static async Task<MigrationReport> AssertEqualAsync(MigrationOptions options)
    {
        using var run = EngineRun.Start(options, Stop, hooks: new FakeHooks { Answer = static _ => new HookResult(true, 0, "") });
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        return report;
    }

    private static async Task AssertRefusedAsync(MigrationOptions options, string left)
    {
        using var run = EngineRun.Start(options, Stop);
        try
        {
            var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
            Assert.Fail($"Without {left} the run ended as {report.Verdict}.\n{run.Log}");
        }
        catch (KeyferryException refused)
        {
            Assert.Contains(left, $"{refused.Saw} {refused.Remedy}", StringComparison.OrdinalIgnoreCase);
        }
    }

    private static async Task<RightsPair> StartAsync(ServerKind kind)
    {
        var pair = new RightsPair(await RedisServer.StartAsync(kind), await RedisServer.StartAsync(kind));
        var client = (await pair.Source.ConnectAsync()).GetDatabase();
        await AllTypes.FillAsync(client);
        if (DocumentedRights.On(kind, "+hset").Length > 1)
        {
            await AllTypes.FillFieldExpiriesAsync(client);
        }

        return pair;
    }

    private static string UriOf(RedisServer server) => $"redis://ferry:{Password}@127.0.0.1:{server.Port}";

    private static async Task SetUserAsync(RedisServer server, IEnumerable<string> rights)
    {
        object[] rules = ["SETUSER", "ferry", "reset", "on", $">{Password}", "-@all", .. rights];
        _ = await server.CommandAsync("ACL", rules);
    }

    private sealed record RightsPair(RedisServer Source, RedisServer Target) : IAsyncDisposable
    {
        public MigrationOptions Options =>
            new()
            {
                Source = Source.Endpoint with { User = "ferry", Password = new Secret(Password) },
                Target = Target.Endpoint with { User = "ferry", Password = new Secret(Password) },
                Capture = CaptureKind.Notifications,
                TargetKeys = TargetKeys.Replace,
            };

        public async ValueTask DisposeAsync()
        {
            await Source.DisposeAsync();
            await Target.DisposeAsync();
        }
    }
}
