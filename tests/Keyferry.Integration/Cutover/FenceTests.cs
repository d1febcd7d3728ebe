using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Servers;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Cutover;

/// <summary>The fences beside the pause: each keeps clients from writing, proves it, and is taken back.</summary>
public sealed class FenceTests
{
    private static readonly CutoverOptions Options = new() { SwitchHook = "switch", FenceBudget = TimeSpan.FromSeconds(10) };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ServerKind.Machine, "+@all")]
    [InlineData(ServerKind.Redis60, "-@all +@connection +info +get +set")]
    [InlineData(ServerKind.Valkey81, "-@all +@connection +info +get +set")]
    public async Task Acl_users_may_not_write_behind_the_fence_and_may_again_after_it(ServerKind kind, string rules)
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop, kind);
        string[] selector = kind == ServerKind.Machine ? ["(+set ~extra:*)"] : [];
        await AclAsync(bench.Source, ["app", "on", ">secret", "~*", .. rules.Split(' '), .. selector]);
        var app = (await bench.Source.ConnectAsync(static options => (options.User, options.Password) = ("app", "secret"))).GetDatabase();
        var before = await UserAsync(bench.Source);
        string? refused = null;
        bench.Hooks.Answer = _ =>
        {
            refused = Assert.Throws<RedisServerException>(() => app.StringSet("extra:held", "1")).Message;
            Assert.True(app.StringGet("extra:held").IsNull);
            return new HookResult(true, Operator.NothingDone, "");
        };
        await bench.FollowAsync(Options with { Fence = FenceKind.Acl }, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.NotSwitched, said);
        Assert.True(refused?.StartsWith("NOPERM", StringComparison.Ordinal), said);
        Assert.Equal(before, await UserAsync(bench.Source));
        Assert.True(await app.StringSetAsync("extra:free", "1"));
        await bench.AssertFollowsAsync(Stop);
    }

    [Fact]
    public async Task Writer_that_logs_in_as_keyferry_does_is_noticed()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        await AclAsync(bench.Source, "app", "on", ">secret", "~*", "+@all");
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var writer = WriteAsync(bench.OnSource, writing.Token);
        await bench.FollowAsync(Options with { Fence = FenceKind.Acl }, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);
        await writing.CancelAsync();
        await writer;

        Assert.Equal(CutoverEnd.NotSwitched, end);
        Assert.Contains("a writer logs in as Keyferry does", said, StringComparison.Ordinal);
        Assert.Empty(bench.Hooks.Calls);
    }

    [Fact]
    public async Task Fence_that_would_lock_keyferry_out_is_refused_before_anything_is_copied()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);

        await AssertRefusedAsync(bench, FenceKind.Acl, "no ACL user but the one that Keyferry logs in with");
    }

    [Fact]
    public async Task Pause_is_refused_where_it_would_hold_reads_back_too()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop, ServerKind.Redis60);

        await AssertRefusedAsync(bench, FenceKind.Pause, "CLIENT PAUSE WRITE needs Redis 6.2");
    }

    [Theory]
    [InlineData("Acl", "-acl", "cannot be fenced")]
    [InlineData("Acl", "-acl|setuser", "needs +acl|setuser")]
    [InlineData("Pause", "-client|pause", "may not run CLIENT PAUSE")]
    [InlineData("Pause", "-client|kill", "CLIENT KILL")]
    public async Task Fence_without_the_right_to_it_is_refused_before_anything_is_copied(string fence, string without, string says)
    {
        await using var bench = await CutoverBench.StartAsync(20, Stop);
        _ = await bench.Source.CommandAsync("ACL", "SETUSER", "ferry", "on", ">secret", "~*", "&*", "+@all", without);

        await AssertRefusedAsync(
            bench,
            Enum.Parse<FenceKind>(fence),
            says,
            static source => source with { User = "ferry", Password = new Secret("secret") }
        );
    }

    [Fact]
    public async Task Programs_stop_the_writers_switch_them_and_start_them_again()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        await bench.FollowAsync(Options with { Fence = FenceKind.Hook, FenceHook = "fence" }, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.Equal(["fence", "switch", "unfence"], bench.Hooks.Calls.Select(static call => call["KEYFERRY_STEP"]));
        Assert.Equal(Verdict.Equal, (await bench.Run.Ended).Verdict);
        Assert.Empty(bench.Fences);
    }

    [Fact]
    public async Task Writers_that_were_not_stopped_are_noticed_and_started_again()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var writer = WriteAsync(bench.OnSource, writing.Token);
        await bench.FollowAsync(Options with { Fence = FenceKind.Hook, FenceHook = "fence" }, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);
        await writing.CancelAsync();
        await writer;

        Assert.Equal(CutoverEnd.NotSwitched, end);
        Assert.Contains("was written to after the writers were said to have stopped", said, StringComparison.Ordinal);
        Assert.Equal(["fence", "unfence"], bench.Hooks.Calls.Select(static call => call["KEYFERRY_STEP"]));
        await bench.AssertFollowsAsync(Stop);
    }

    [Fact]
    public async Task Person_stops_the_writers_and_switches_them()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        await bench.FollowAsync(Options with { Fence = FenceKind.Manual, SwitchHook = null }, Stop);
        var cutover = bench.CutOverAsync(Stop);

        Assert.Contains("Stop everything that writes", (await bench.AskedAsync(Stop)).Text, StringComparison.Ordinal);
        Assert.True(bench.Control.Questions.Answer(aboutOwnership: false, answer: true));
        while ((await bench.AskedAsync(Stop)).Text.Contains("Stop everything", StringComparison.Ordinal))
        {
            await Task.Delay(10, Stop);
        }

        Assert.Contains("Switch the clients to", (await bench.AskedAsync(Stop)).Text, StringComparison.Ordinal);
        Assert.True(bench.Control.Questions.Answer(aboutOwnership: false, answer: true));

        Assert.Equal(CutoverEnd.Switched, (await cutover).End);
        Assert.Equal(Verdict.Equal, (await bench.Run.Ended).Verdict);
    }

    private static async Task WriteAsync(IDatabase database, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await database.StringSetAsync("busy", i);
        }
    }

    private static Task AclAsync(RedisServer server, params string[] rules) => server.CommandAsync("ACL", ["SETUSER", .. rules]);

    /// <summary>Everything that the server says of the user, one line.</summary>
    private static async Task<string> UserAsync(RedisServer server)
    {
        var listed = (RedisResult[]?)await server.CommandAsync("ACL", "LIST") ?? [];
        return listed.Select(static line => line.ToString()).Single(static line => line.Contains(" app ", StringComparison.Ordinal));
    }

    private static async Task AssertRefusedAsync(CutoverBench bench, FenceKind fence, string says, Func<Endpoint, Endpoint>? source = null)
    {
        var refused = await Assert.ThrowsAsync<KeyferryException>(() =>
            bench.FollowAsync(
                Options with
                {
                    Fence = fence,
                },
                Stop,
                options => options with { Source = source?.Invoke(options.Source) ?? options.Source }
            )
        );

        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, (long)await bench.Target.CommandAsync("DBSIZE"));
    }
}
