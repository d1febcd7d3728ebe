using Keyferry.Control;
using Keyferry.Cutover;

namespace Keyferry.Integration.Cutover;

/// <summary>A fence is watched: whatever lifts it behind the run's back takes the cutover back.</summary>
public sealed class BrokenFenceTests
{
    private static readonly CutoverOptions Options = new() { SwitchHook = "switch", FenceBudget = TimeSpan.FromSeconds(5) };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task Pause_that_somebody_lifts_is_noticed() =>
        BreakAsync(static bench => bench.Source.CommandAsync("CLIENT", "UNPAUSE"), "does not hold writes back any more");

    [Fact]
    public Task Source_that_becomes_a_replica_is_noticed() =>
        BreakAsync(
            static bench => bench.Source.CommandAsync("REPLICAOF", "127.0.0.1", "1"),
            "",
            static bench => bench.Source.CommandAsync("REPLICAOF", "NO", "ONE")
        );

    [Fact]
    public Task Source_that_is_restarted_is_noticed() => BreakAsync(static bench => bench.Source.RestartAsync(), "");

    [Fact]
    public Task Target_that_is_restarted_is_noticed() => BreakAsync(static bench => bench.Target.RestartAsync(), "");

    /// <summary>Whoever watches the fence looks now and then; the answer of the switch comes before he has looked again. It is told before anything else is done: what is
    /// asked of a person next, he answers otherwise when he knows.</summary>
    [Fact]
    public async Task Pause_that_ends_while_the_clients_are_switched_is_told()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        bench.Hooks.Answer = _ =>
        {
            bench.OnSource.Execute("CLIENT", "UNPAUSE");
            return new HookResult(true, 0, "");
        };
        await bench.FollowAsync(Options, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.Contains("cutover: confirm", said, StringComparison.Ordinal);
        Assert.Contains("The fence broke while the clients were switched", said.Split("cutover: confirm")[0], StringComparison.Ordinal);
    }

    /// <summary>The clients have the new address by then; those that are still connected to the source could write there until they are disconnected.</summary>
    [Fact]
    public async Task Pause_that_ends_before_the_clients_were_disconnected_is_told()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        var options = Options with
        {
            StepProbe = (name, done) =>
            {
                if (name == "leave source" && !done)
                {
                    bench.Source.CommandAsync("CLIENT", "UNPAUSE").Wait(Stop);
                }
            },
        };
        await bench.FollowAsync(options, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.Contains("The fence broke while the clients were switched", said, StringComparison.Ordinal);
    }

    private static async Task BreakAsync(Func<CutoverBench, Task> breaks, string told, Func<CutoverBench, Task>? mend = null)
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        var broken = false;
        var options = Options with
        {
            StepProbe = (name, done) =>
            {
                if (name == "prove" && done && !broken)
                {
                    broken = true;
                    breaks(bench).Wait();
                    Task.Delay(300, Stop).Wait(Stop);
                }
            },
        };
        await bench.FollowAsync(options, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.NotSwitched, said);
        Assert.Contains("the fence broke", said, StringComparison.Ordinal);
        Assert.Contains(told, said, StringComparison.Ordinal);
        Assert.Empty(bench.Hooks.Calls);
        if (mend is not null)
        {
            await mend(bench);
        }

        await bench.OnSource.StringSetAsync("free", "1").WaitAsync(TimeSpan.FromSeconds(10), Stop);
        Assert.Empty(bench.Fences);
    }
}
