using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Servers;
using Keyferry.Model;

namespace Keyferry.Integration.Cutover;

/// <summary>The clients are handed over, or nothing is changed for them.</summary>
public sealed class CutoverTests
{
    private const int Keys = 3000;
    private static readonly CutoverOptions Options = new() { SwitchHook = "switch", FenceBudget = TimeSpan.FromSeconds(5) };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ServerKind.Machine)]
    [InlineData(ServerKind.Redis80)]
    [InlineData(ServerKind.Valkey81)]
    public async Task Clients_are_switched_behind_a_pause_and_the_pause_is_lifted(ServerKind kind)
    {
        await using var bench = await CutoverBench.StartAsync(Keys, Stop, kind);
        string? held = null;
        bench.Hooks.Answer = _ =>
        {
            var write = bench.OnSource.StringSetAsync("held", "1");
            held = write.Wait(TimeSpan.FromMilliseconds(100)) ? "a write went through" : "held";
            return new HookResult(true, 0, "");
        };
        await bench.FollowAsync(Options, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);
        var report = await bench.Run.Ended;

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.Equal("held", held);
        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.NotNull(report.Cutover);
        Assert.InRange(report.Cutover.Fenced, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
        Assert.Equal(Keys, report.Verify?.Compared);
        Assert.True(report.Verify?.ComparedAgain >= report.Cutover.ProvedBehindFence);
        Assert.Empty(bench.Fences);
        var told = Assert.Single(bench.Hooks.Calls);
        Assert.Equal(bench.Target.Uri, told["KEYFERRY_NEW"]);
        Assert.Equal(bench.Source.Uri, told["KEYFERRY_OLD"]);

        // The write that was held back was dropped, not executed on the side that nobody reads any more.
        Assert.False((bool)await bench.Source.CommandAsync("EXISTS", "held"));
        await bench.OnSource.StringSetAsync("free", "1").WaitAsync(TimeSpan.FromSeconds(5), Stop);
    }

    [Fact]
    public async Task A_source_that_has_become_silent_is_not_left_though_its_flags_cannot_be_read()
    {
        await using var bench = await CutoverBench.StartAsync(keys: 100, Stop);
        _ = await bench.Source.CommandAsync("CONFIG", "SET", "notify-keyspace-events", "AKE");
        _ = await bench.Source.CommandAsync("ACL", "SETUSER", "narrow", "on", ">secret", "~*", "&*", "+@all", "-config");
        await bench.FollowAsync(
            Options,
            Stop,
            static options => options with { Source = options.Source with { User = "narrow", Password = new Secret("secret") } }
        );
        _ = await bench.Source.CommandAsync("CONFIG", "SET", "notify-keyspace-events", "");
        _ = await bench.Source.CommandAsync("SET", "unheard", "1");

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end != CutoverEnd.Switched, said);
        Assert.Contains("no event came", said, StringComparison.Ordinal);
        Assert.Empty(bench.Hooks.Calls);
        Assert.Empty(bench.Fences);
    }

    [Fact]
    public async Task Only_keys_that_were_touched_since_they_were_compared_are_compared_behind_the_fence()
    {
        const int touched = 7;
        await using var bench = await CutoverBench.StartAsync(Keys, Stop);
        var (before, dumped) = (0L, 0L);
        var options = Options with
        {
            StepProbe = (name, done) =>
            {
                if (name == "fence" && !done)
                {
                    Task.WaitAll(
                        Enumerable.Range(0, touched).Select(i => bench.OnSource.StringSetAsync($"touched:{i}", "1")).ToArray<Task>(),
                        Stop
                    );
                    before = DumpsOf(bench);
                }
                else if (name == "prove" && done)
                {
                    dumped = DumpsOf(bench) - before;
                }
            },
        };
        await bench.FollowAsync(options, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.InRange((await bench.Run.Ended).Cutover?.ProvedBehindFence ?? -1, 0, touched);
        // The source says so itself: of 3,000 keys it was asked for these alone, to be moved and to be compared.
        Assert.InRange(dumped, touched, 4 * touched);
    }

    [Fact]
    public async Task Fence_that_lasts_longer_than_its_budget_is_lifted()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        var options = Options with
        {
            FenceBudget = TimeSpan.FromMilliseconds(200),
            StepProbe = static (name, done) =>
            {
                if (name == "drain" && done)
                {
                    Task.Delay(400, Stop).Wait(Stop);
                }
            },
        };
        await bench.FollowAsync(options, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.Equal(CutoverEnd.NotSwitched, end);
        Assert.Contains("longer than its budget of 200 ms", said, StringComparison.Ordinal);
        await bench.AssertFollowsAsync(Stop);
    }

    [Fact]
    public async Task Hold_takes_a_cutover_back()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        RunControl? control = null;
        await bench.FollowAsync(
            Options with
            {
                StepProbe = (name, done) =>
                {
                    if (name == "drain" && done)
                    {
                        _ = control?.Hold();
                    }
                },
            },
            Stop
        );
        control = bench.Control;

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.NotSwitched, said);
        while (bench.Run.Run.Progress.Phase != Phase.Following)
        {
            await Task.Delay(10, Stop);
        }

        Assert.Empty(bench.Hooks.Calls);
        await bench.AssertFollowsAsync(Stop);
    }

    [Fact]
    public async Task Run_that_is_to_switch_when_ready_does()
    {
        await using var bench = await CutoverBench.StartAsync(Keys, Stop);

        await bench.FollowAsync(Options with { When = CutoverWhen.WhenReady }, Stop);

        Assert.Equal(Verdict.Equal, (await bench.Run.Ended).Verdict);
        Assert.Single(bench.Hooks.Calls);
    }

    [Theory]
    [InlineData(75, "")]
    [InlineData(null, "not there")]
    public async Task Hook_that_has_certainly_switched_nothing_undoes_the_cutover(int? code, string said)
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        bench.Hooks.Answer = _ => new HookResult(code is not null, code, said);
        await bench.FollowAsync(Options, Stop);

        Assert.Equal(CutoverEnd.NotSwitched, (await bench.CutOverAsync(Stop)).End);

        await bench.AssertFollowsAsync(Stop);
    }

    private static long DumpsOf(CutoverBench bench) => bench.Source.CallsAsync("dump").GetAwaiter().GetResult();
}
