using Keyferry.Capture;
using Keyferry.Cutover;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Cutover;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Integration.Versions;
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
        await SetUserAsync(source, DocumentedRights.OfSource(capture));
        await SetUserAsync(target, DocumentedRights.After("The target"));
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
        var rights = DocumentedRights.OfSource(capture);
        foreach (var left in rights)
        {
            await source.CommandAsync("CONFIG", "SET", "notify-keyspace-events", "");
            await SetUserAsync(source, rights.Where(right => right != left));
            await SetUserAsync(target, DocumentedRights.After("The target"));
            await AssertNamedAsync(Options(source, target, capture), left);
        }
    }

    [Theory]
    [InlineData("+psubscribe")]
    [InlineData("&__keyevent@*__:*")]
    public async Task Nothing_is_set_for_a_subscription_that_the_user_may_not_have(string left)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await AllTypes.FillAsync((await source.ConnectAsync()).GetDatabase());
        string[] rights = [.. DocumentedRights.OfSource("notifications").Where(right => right != left), "+client|tracking"];
        await SetUserAsync(source, rights);
        await SetUserAsync(target, DocumentedRights.After("The target"));

        await AssertNamedAsync(Options(source, target, "notifications"), left);
        await AssertEqualAsync(Options(source, target, "auto") with { UntilIdle = TimeSpan.FromMilliseconds(300) });

        Assert.Equal(0, await source.CallsAsync("config|set"));
    }

    [Fact]
    public async Task One_right_less_on_the_target_is_named()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var rights = DocumentedRights.After("The target");
        await SetUserAsync(source, DocumentedRights.OfSource("polling"));
        foreach (var left in rights)
        {
            await SetUserAsync(target, rights.Where(right => right != left));
            await AssertNamedAsync(Options(source, target, "polling"), left);
        }
    }

    [Fact]
    public async Task A_snapshot_needs_no_more_than_the_first_rights()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await AllTypes.FillAsync((await source.ConnectAsync()).GetDatabase());
        await SetUserAsync(source, DocumentedRights.After("The source"));
        await SetUserAsync(target, DocumentedRights.After("The target"));
        await AssertEqualAsync(Options(source, target, "auto") with { Mode = MigrationMode.Snapshot });
    }

    /// <summary>All values go the way of large ones, which needs the commands of every type.</summary>
    [Fact]
    public async Task One_right_less_for_large_values_is_named()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var client = (await source.ConnectAsync()).GetDatabase();
        await AllTypes.FillAsync(client);
        await SetUserAsync(source, [.. DocumentedRights.After("The source"), "+memory|usage"]);
        var large = DocumentedRights.After("Large values");
        string[] rights = [.. DocumentedRights.After("The target"), .. large];
        var options = Options(source, target, "auto") with { Mode = MigrationMode.Snapshot, LargeValue = 1 };
        await SetUserAsync(target, rights);
        await AssertEqualAsync(options);
        foreach (var left in large)
        {
            await SetUserAsync(target, rights.Where(right => right != left));
            await AssertNamedAsync(options, left);
        }
    }

    [Fact]
    public async Task One_right_less_for_functions_is_named()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        _ = await source.CommandAsync("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)");
        string[] onSource = [.. DocumentedRights.After("The source"), .. DocumentedRights.After("With [`--functions`]")];
        string[] onTarget = [.. DocumentedRights.After("The target"), .. DocumentedRights.After("For `--functions`")];
        var options = Options(source, target, "auto") with { Mode = MigrationMode.Snapshot, Functions = true };
        await SetUserAsync(source, onSource);
        await SetUserAsync(target, onTarget);
        await AssertEqualAsync(options);
        foreach (var left in onSource.Where(static right => right.StartsWith("+function", StringComparison.Ordinal)))
        {
            await SetUserAsync(source, onSource.Where(right => right != left));
            await AssertNamedAsync(options, left);
        }

        await SetUserAsync(source, onSource);
        foreach (var left in onTarget.Where(static right => right.StartsWith("+function", StringComparison.Ordinal)))
        {
            _ = await target.CommandAsync("FUNCTION", "FLUSH");
            await SetUserAsync(target, onTarget.Where(right => right != left));
            await AssertNamedAsync(options, left);
        }
    }

    [Theory]
    [InlineData("Pause", "Besides, on the source", "+multi", "+discard")]
    [InlineData("Acl", "`+multi +discard`")]
    [InlineData("Manual", "")]
    public async Task A_cutover_needs_the_rights_of_its_fence(string kind, string after, params string[] better)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await AllTypes.FillAsync((await source.ConnectAsync()).GetDatabase());
        var fence = Enum.Parse<FenceKind>(kind);
        string[] fencing = after.Length == 0 ? [] : DocumentedRights.After(after);
        string[] rights = [.. DocumentedRights.OfSource("notifications"), .. fencing];
        var options = Options(source, target, "notifications") with
        {
            Cutover = new CutoverOptions
            {
                When = CutoverWhen.WhenReady,
                Fence = fence,
                SwitchHook = "switch",
            },
        };
        foreach (var left in fencing)
        {
            await SetUserAsync(source, [.. rights.Where(right => right != left), .. better]);
            await SetUserAsync(target, DocumentedRights.After("The target"));
            await AssertNamedAsync(options, left);
        }

        await SetUserAsync(source, rights);
        await SetUserAsync(target, DocumentedRights.After("The target"));
        using var run = EngineRun.Start(options, Stop, hooks: new FakeHooks { Answer = static _ => new HookResult(true, 0, "") });
        while (fence == FenceKind.Manual && !run.Ended.IsCompleted)
        {
            _ = run.Run.Control.Questions.Open is not null && run.Run.Control.Questions.Answer(aboutOwnership: false, answer: true);
            await Task.Delay(TimeSpan.FromMilliseconds(10), Stop);
        }

        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.NotNull(report.Cutover);
    }

    /// <summary>The comparison of its own needs the same rights, but for those to write. Not every right is missed: what is the same byte for byte is not looked at closer.</summary>
    [Fact]
    public async Task The_documented_rights_suffice_to_verify()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        string[] rights = DocumentedRights.After("The source");
        await AllTypes.FillAsync((await source.ConnectAsync()).GetDatabase());
        await AssertEqualAsync(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                Mode = MigrationMode.Snapshot,
            }
        );
        await SetUserAsync(source, rights);
        await SetUserAsync(target, rights);
        Assert.Equal(0, (await VerifyAsync(source, target)).Code);
        foreach (var left in (string[])["+scan", "+smembers", "+hgetall", "+time", "+info", "+ping"])
        {
            await SetUserAsync(target, rights.Where(right => right != left));
            var (code, said) = await VerifyAsync(source, target);
            Assert.True(code != 0, $"without {left}: {said}");
            Assert.Contains(left, said, StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>ACLs are not replicated: what is missing on a replica is told before it is read.</summary>
    [Fact]
    public async Task One_right_less_on_a_replica_is_named()
    {
        await using var source = await Replicas.ReplicatedSource.StartAsync();
        await AllTypes.FillAsync(source.From);
        var rights = DocumentedRights.After("The source");
        await SetUserAsync(source.Primary, rights);
        await SetUserAsync(source.Target, DocumentedRights.After("The target"));
        var options = Options(source.Primary, source.Target, "polling") with
        {
            SourceReads = SourceReads.Replica,
            Mode = MigrationMode.Snapshot,
        };
        await SetUserAsync(source.Replica, rights);
        await AssertEqualAsync(options);
        foreach (var left in (string[])["+ping", "+info", "+select", "+scan", "+type", "+dump", "+pexpiretime", "~*"])
        {
            await SetUserAsync(source.Replica, rights.Where(right => right != left));
            await AssertNamedAsync(options, left);
        }
    }

    private static async Task AssertEqualAsync(MigrationOptions options)
    {
        using var run = EngineRun.Start(options, Stop);
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
    }

    private static async Task<(int Code, string Said)> VerifyAsync(RedisServer source, RedisServer target)
    {
        using var line = new CommandLine();
        var code = await line.RunAsync([
            "verify",
            $"redis://ferry:{Password}@127.0.0.1:{source.Port}",
            $"redis://ferry:{Password}@127.0.0.1:{target.Port}",
        ]);
        return (code, $"{line.Out}\n{line.Error}");
    }

    private static async Task AssertNamedAsync(MigrationOptions options, string right)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var run = EngineRun.Start(
            options.Mode == MigrationMode.Snapshot || options.Cutover is not null
                ? options
                : options with
                {
                    UntilIdle = TimeSpan.FromMilliseconds(300),
                },
            ended.Token
        );
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
}
