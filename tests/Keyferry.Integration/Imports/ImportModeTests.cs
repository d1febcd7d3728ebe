using Keyferry.Cutover;
using Keyferry.Integration.Cutover;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Integration.Imports;

/// <summary>A Valkey target of 8.1 or newer expires and evicts nothing by itself while it is filled.</summary>
public sealed class ImportModeTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<ServerKind> Kinds =>
        [
            .. new[] { ServerKind.Valkey81, ServerKind.Valkey91 }.Where(static kind =>
                kind == ServerKind.Valkey81 || ServerBinary.Exists(kind)
            ),
        ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Target_is_in_import_mode_until_the_run_ends(ServerKind kind)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(kind);
        _ = await source.CommandAsync("SET", "stays", "1");
        using var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        Assert.Equal("yes", await ModeAsync(target));

        // Expires on both sides, and is prolonged on the source in the moment of its end: the target must not lose it meanwhile.
        _ = await source.CommandAsync("SET", "prolonged", "1", "PX", "400");
        await Task.Delay(TimeSpan.FromMilliseconds(300), Stop);
        _ = await source.CommandAsync("PEXPIRE", "prolonged", "100000");
        _ = await source.CommandAsync("SET", "ends", "1", "PX", "50");
        await Task.Delay(TimeSpan.FromMilliseconds(300), Stop);
        await run.FinishAsync();
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, string.Join("; ", report.Reasons) + run.Log);
        Assert.Equal("no", await ModeAsync(target));
        Assert.Contains(report.Leases, static words => words.Contains("import-mode put back to \"no\"", StringComparison.Ordinal));
        Assert.Empty(run.Store.OpenLeases());
        Assert.Equal("1", (string?)await target.CommandAsync("GET", "prolonged"));
        Assert.Equal(2, (int)await target.CommandAsync("DBSIZE"));
    }

    /// <summary>The mode is one of the process: whoever writes to a new one looks first.</summary>
    [Fact]
    public async Task A_target_that_was_restarted_is_put_into_the_mode_again()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Valkey81);
        _ = await source.CommandAsync("SET", "key", "before");
        using var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        await target.KillAsync();
        await target.RestartAsync();
        Assert.Equal("no", await ModeAsync(target));

        _ = await source.CommandAsync("SET", "key", "after");
        while ((string?)await target.CommandAsync("GET", "key") != "after")
        {
            Assert.False(run.Ended.IsCompleted, run.Log.ToString());
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }

        Assert.Equal("yes", await ModeAsync(target));
        // What the lane writes counts as an import: flag I.
        Assert.Contains(
            ((string?)await target.CommandAsync("CLIENT", "LIST") ?? "").Split('\n'),
            static line => line.Contains(":lane0 ", StringComparison.Ordinal) && line.Contains(" flags=I ", StringComparison.Ordinal)
        );
        await run.FinishAsync();
        var report = await run.Ended;
        Assert.True(report.Verdict == Verdict.Equal, string.Join("; ", report.Reasons) + run.Log);
        Assert.Equal("no", await ModeAsync(target));
        _ = Assert.Single(report.Leases, static words => words.Contains("import-mode", StringComparison.Ordinal));
        Assert.Empty(run.Store.OpenLeases());
    }

    [Fact]
    public async Task A_full_target_refuses_and_evicts_nothing()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(
            ServerKind.Valkey81,
            "--maxmemory",
            "4mb",
            "--maxmemory-policy",
            "allkeys-lru"
        );
        _ = await source.CommandAsync("DEBUG", "POPULATE", "4000", "key", "2000");
        using var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, Stop);
        while (run.Run.Progress.Held?.Contains("OOM", StringComparison.Ordinal) != true)
        {
            Assert.False(run.Ended.IsCompleted, run.Log.ToString());
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }

        Assert.Contains("evicted_keys:0", (string?)await target.CommandAsync("INFO", "stats"), StringComparison.Ordinal);
        _ = await target.CommandAsync("CONFIG", "SET", "maxmemory", "100mb");
        await run.ReachAsync(Phase.Following, Stop);
        await run.FinishAsync();
        var report = await run.Ended;
        Assert.True(report.Verdict == Verdict.Equal, string.Join("; ", report.Reasons));
        Assert.Equal(4000, (int)await target.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task The_mode_ends_before_the_clients_are_switched()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Valkey81);
        _ = await source.CommandAsync("SET", "key", "1");
        var seen = "";
        var hooks = new FakeHooks
        {
            Answer = step =>
            {
                seen = step == "switch" ? ModeAsync(target).GetAwaiter().GetResult() : seen;
                return new HookResult(true, 0, "");
            },
        };
        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                Cutover = new CutoverOptions { When = CutoverWhen.WhenReady, SwitchHook = "switch" },
            },
            Stop,
            hooks: hooks
        );
        var report = await run.Ended;
        Assert.NotNull(report.Cutover);
        Assert.Equal("no", seen);
        Assert.Equal("no", await ModeAsync(target));
        Assert.Empty(run.Store.OpenLeases());
    }

    [Fact]
    public async Task A_mode_that_may_not_be_set_is_said_and_the_run_goes_on()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Valkey81);
        _ = await source.CommandAsync("SET", "key", "1");
        _ = await target.CommandAsync("ACL", "SETUSER", "narrow", "on", ">secret", "~*", "+@all", "-config|set");
        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint with { User = "narrow", Password = new Secret("secret") },
                Mode = MigrationMode.Snapshot,
            },
            Stop
        );
        Assert.Equal(Verdict.Equal, (await run.Ended).Verdict);
        Assert.Contains("import-mode could not be switched on", run.Log.ToString(), StringComparison.Ordinal);
        Assert.Empty(run.Store.OpenLeases());
    }

    [Fact]
    public async Task A_mode_that_a_killed_run_has_left_is_put_back()
    {
        await using var target = await RedisServer.StartAsync(ServerKind.Valkey81);
        using var store = new MemoryRunStore(TimeProvider.System);
        _ = await target.CommandAsync("CONFIG", "SET", "import-mode", "yes");
        _ = store.RecordLease(
            new LeaseRecord
            {
                Kind = LeaseKind.ImportMode,
                Host = target.Endpoint.Host,
                Port = target.Endpoint.Port,
                Before = "no",
                After = "yes",
            }
        );
        var outcome = await ImportMode.UndoAsync(store, Notifications.Connectors.To(target), store.OpenLeases().Single(), Stop);
        Assert.True(outcome.IsClosed, outcome.Words);
        Assert.Equal("no", await ModeAsync(target));
        Assert.Empty(store.OpenLeases());
    }

    private static async Task<string> ModeAsync(RedisServer server) =>
        (string?)((StackExchange.Redis.RedisResult[]?)await server.CommandAsync("CONFIG", "GET", "import-mode"))?[1] ?? "";
}
