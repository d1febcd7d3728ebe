using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.State;

namespace Keyferry.Integration.Functions;

/// <summary>Libraries of functions move with the keys, where that is asked for.</summary>
public sealed class FunctionTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Libraries_arrive_and_later_changes_of_them_too()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await LoadAsync(source, "greet", "hello", "'one'");
        await LoadAsync(source, "count", "add", "1");
        await LoadAsync(target, "own", "mine", "2");
        using var run = EngineRun.Start(OptionsOf(source, target), Stop);
        await run.ReachAsync(Phase.Following, Stop);
        Assert.Equal("one", (string?)await target.CommandAsync("FCALL", "hello", "0"));

        await LoadAsync(source, "greet", "hello", "'two'");
        await LoadAsync(source, "later", "late", "3");
        _ = await source.CommandAsync("FUNCTION", "DELETE", "count");
        await run.FinishAsync();
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, string.Join("; ", report.Reasons));
        Assert.Equal("2 libraries, equal on every primary of the target", report.Functions);
        Assert.Equal("two", (string?)await target.CommandAsync("FCALL", "hello", "0"));
        Assert.Equal(["greet", "later", "own"], await NamesAsync(target));
    }

    [Theory]
    [InlineData(ServerKind.Redis80, ServerKind.Machine)]
    [InlineData(ServerKind.Machine, ServerKind.Valkey81)]
    [InlineData(ServerKind.Valkey81, ServerKind.Redis80)]
    public async Task Servers_of_other_versions_get_them(ServerKind from, ServerKind to)
    {
        await using var source = await RedisServer.StartAsync(from);
        await using var target = await RedisServer.StartAsync(to);
        await LoadAsync(source, "greet", "hello", "'one'");
        using var run = EngineRun.Start(OptionsOf(source, target) with { Mode = MigrationMode.Snapshot }, Stop);
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, string.Join("; ", report.Reasons));
        Assert.Equal("one", (string?)await target.CommandAsync("FCALL", "hello", "0"));
    }

    [Fact]
    public async Task Every_primary_of_a_cluster_gets_them()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var cluster = await RedisCluster.StartAsync(ServerKind.Machine);
        await LoadAsync(source, "greet", "hello", "'one'");
        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = cluster.Endpoint,
                Functions = true,
                Mode = MigrationMode.Snapshot,
            },
            Stop
        );
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, string.Join("; ", report.Reasons));
        foreach (var primary in await cluster.PrimariesAsync())
        {
            Assert.Equal(["greet"], await NamesAsync(primary));
        }
    }

    [Fact]
    public async Task Another_library_of_the_same_name_is_refused_and_an_equal_one_is_not()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await LoadAsync(source, "greet", "hello", "'one'");
        await LoadAsync(target, "greet", "hello", "'other'");
        Assert.Contains(
            "another library of functions called greet",
            (await PlanAsync(source, target)).Refusals.Single().Saw,
            StringComparison.Ordinal
        );

        await LoadAsync(target, "greet", "hello", "'one'");
        Assert.Empty((await PlanAsync(source, target)).Refusals);

        _ = await target.CommandAsync("FUNCTION", "DELETE", "greet");
        await LoadAsync(target, "unlike", "hello", "'one'");
        Assert.Contains("a function of the same name", (await PlanAsync(source, target)).Refusals.Single().Saw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_knows_no_functions_is_refused()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Redis60);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var refusal = (await PlanAsync(source, target)).Refusals.Single();
        Assert.Contains("knows no functions", refusal.Saw, StringComparison.Ordinal);
        Assert.Contains("--functions", refusal.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_right_is_named()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        _ = await target.CommandAsync("ACL", "SETUSER", "narrow", "on", ">secret", "~*", "+@all", "-function|restore");
        var options = OptionsOf(source, target);
        var plan = await PlanAsync(options with { Target = target.Endpoint with { User = "narrow", Password = new Secret("secret") } });
        var refusal = plan.Refusals.Single();
        Assert.True(refusal.Saw.Contains("FUNCTION RESTORE", StringComparison.Ordinal), refusal.Saw);
        Assert.Contains("+function|restore", refusal.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_moved_is_said()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await LoadAsync(source, "greet", "hello", "'one'");
        var plan = await PlanAsync(OptionsOf(source, target) with { Functions = false });
        Assert.Empty(plan.Refusals);
        Assert.Contains("functions (1 library): --functions moves them", plan.NotMoved);
        Assert.Contains(plan.NotMoved, static left => left.StartsWith("ACL users", StringComparison.Ordinal));
        Assert.DoesNotContain(
            (await PlanAsync(source, target)).NotMoved,
            static left => left.StartsWith("functions", StringComparison.Ordinal)
        );
    }

    private static MigrationOptions OptionsOf(RedisServer source, RedisServer target) =>
        new()
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            Functions = true,
        };

    private static Task<MigrationPlan> PlanAsync(RedisServer source, RedisServer target) => PlanAsync(OptionsOf(source, target));

    private static async Task<MigrationPlan> PlanAsync(MigrationOptions options)
    {
        using var store = new MemoryRunStore(TimeProvider.System);
        var dialer = new SocketDialer(options.ConnectTimeout, TimeProvider.System);
        return await new MigrationRun(options, dialer, store, new Faults.RunLog(), TimeProvider.System).PlanAsync(Stop);
    }

    private static async Task LoadAsync(RedisServer server, string library, string function, string returns) =>
        _ = await server.CommandAsync(
            "FUNCTION",
            "LOAD",
            "REPLACE",
            $"#!lua name={library}\nredis.register_function('{function}', function() return {returns} end)"
        );

    private static async Task<string[]> NamesAsync(RedisServer server)
    {
        var libraries = (StackExchange.Redis.RedisResult[]?)await server.CommandAsync("FUNCTION", "LIST") ?? [];
        return [.. libraries.Select(static library => (string?)library[1] ?? "").Order(StringComparer.Ordinal)];
    }
}
