using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Cutover;

/// <summary>Every step of a cutover fails in turn, before and after it was done: the run is back in following, or a person is asked; nothing stays fenced.</summary>
public sealed class FailedStepTests
{
    private static readonly CutoverOptions Options = new()
    {
        SwitchHook = "switch",
        FenceBudget = TimeSpan.FromSeconds(5),
        ReverseWindow = TimeSpan.FromHours(1),
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, bool> StepsBeforeTheSwitch =>
        Twice(CutoverSteps.Of(Options).TakeWhile(static step => step.Name != CutoverSteps.Switch));

    public static TheoryData<string, bool> StepsOfWhichNobodyKnows =>
        Twice(CutoverSteps.Of(Options).Where(static step => step.Name is CutoverSteps.Switch or "confirm"));

    [Fact]
    public void Every_step_is_failed_by_one_of_these_tests()
    {
        string[] after = ["leave source"];
        IEnumerable<TheoryDataRow<string, bool>> failed = [.. StepsBeforeTheSwitch, .. StepsOfWhichNobodyKnows];

        Assert.Equal(
            CutoverSteps.Of(Options).Select(static step => step.Name).Order(StringComparer.Ordinal),
            failed.Select(static row => row.Data.Item1).Distinct().Concat(after).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [MemberData(nameof(StepsBeforeTheSwitch))]
    public async Task Before_the_switch_the_source_stays_writable_and_the_run_follows(string step, bool after)
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        var cable = new Cable(step, after);
        await bench.FollowAsync(Options with { StepProbe = cable.Probe }, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);
        Assert.True(end == CutoverEnd.NotSwitched, said);
        Assert.Contains(Cable.Cut, said, StringComparison.Ordinal);
        Assert.Contains("The source is writable; the run follows on", said, StringComparison.Ordinal);
        Assert.Empty(bench.Hooks.Calls);
        await bench.AssertFollowsAsync(Stop);
        Assert.Null(bench.Control.Back);
        Assert.Equal("", await FlagsAsync(bench.OnTarget));

        cable.IsWhole = true;
        (end, said) = await bench.CutOverAsync(Stop);
        Assert.True(end == CutoverEnd.Switched, said);
        await AssertEndsAsync(bench);
    }

    [Theory]
    [MemberData(nameof(StepsOfWhichNobodyKnows))]
    public async Task Where_nobody_knows_a_person_who_says_no_has_the_run_follow(string step, bool after)
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        var cable = new Cable(step, after);
        await bench.FollowAsync(Options with { StepProbe = cable.Probe }, Stop);
        var cutover = bench.CutOverAsync(Stop);
        var question = await bench.AskedAsync(Stop);

        Assert.Contains(Cable.Cut, question.Text, StringComparison.Ordinal);
        Assert.Contains("keyferry resolve --switched", question.Text, StringComparison.Ordinal);
        Assert.Equal(Phase.OwnershipUnknown, bench.Run.Run.Progress.Phase);
        Assert.True(bench.Control.Questions.Answer(aboutOwnership: true, answer: false));

        var (end, said) = await cutover;
        Assert.True(end == CutoverEnd.NotSwitched, said);
        await bench.AssertFollowsAsync(Stop);
        Assert.Null(bench.Control.Back);
        Assert.Equal("", await FlagsAsync(bench.OnTarget));
    }

    [Theory]
    [MemberData(nameof(StepsOfWhichNobodyKnows))]
    public async Task Where_nobody_knows_a_person_who_says_yes_has_the_way_back_opened(string step, bool after)
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        await bench.FollowAsync(Options with { StepProbe = new Cable(step, after).Probe }, Stop);
        var cutover = bench.CutOverAsync(Stop);
        _ = await bench.AskedAsync(Stop);
        var held = bench.OnSource.StringSetAsync("held", "1");

        Assert.True(bench.Control.Questions.Answer(aboutOwnership: true, answer: true));

        var (end, said) = await cutover;
        Assert.True(end == CutoverEnd.Switched, said);
        await Assert.ThrowsAnyAsync<RedisException>(() => held.WaitAsync(TimeSpan.FromSeconds(10), Stop));
        Assert.False(
            await ReconnectedAsync(() => bench.OnSource.KeyExistsAsync("held")),
            "a write that was held back was executed where nobody reads it any more"
        );
        await AssertEndsAsync(bench);
    }

    /// <summary>The client of the test is one of those that the source has disconnected, and may notice it only when it asks again.</summary>
    private static async Task<T> ReconnectedAsync<T>(Func<Task<T>> ask)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await ask();
            }
            catch (RedisConnectionException) when (tries < 20)
            {
                await Task.Delay(100, Stop);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Fence_that_cannot_be_lifted_after_the_switch_is_lifted_later(bool after)
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        await bench.FollowAsync(Options with { StepProbe = new Cable("leave source", after).Probe }, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.Contains($"The fence could not be lifted: {Cable.Cut}", said, StringComparison.Ordinal);
        await AssertEndsAsync(bench);
    }

    [Fact]
    public async Task Fence_that_cannot_be_lifted_when_the_cutover_is_undone_is_lifted_later()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        var refusals = 2;
        bench.Hooks.Answer = step =>
            step switch
            {
                "unfence" when refusals-- > 0 => new HookResult(true, 1, "the load balancer does not answer"),
                "switch" => new HookResult(true, Operator.NothingDone, ""),
                _ => new HookResult(true, 0, ""),
            };
        await bench.FollowAsync(Options with { Fence = FenceKind.Hook, FenceHook = "fence" }, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.NotSwitched, said);
        Assert.Contains("The source is still fenced", said, StringComparison.Ordinal);
        while (bench.Fences.Count > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }

        await bench.AssertFollowsAsync(Stop);
        Assert.Contains("The fence is lifted", bench.Run.Log.ToString(), StringComparison.Ordinal);
        Assert.Equal(3, bench.Hooks.Calls.Count(static call => call["KEYFERRY_STEP"] == "unfence"));
    }

    private static TheoryData<string, bool> Twice(IEnumerable<CutoverStep> steps)
    {
        var data = new TheoryData<string, bool>();
        foreach (var step in steps)
        {
            data.Add(step.Name, false);
            data.Add(step.Name, true);
        }

        return data;
    }

    /// <summary>Ends the run behind its switch: both sides equal, nothing left fenced, nothing left changed.</summary>
    private static async Task AssertEndsAsync(CutoverBench bench)
    {
        await bench.Run.FinishAsync();
        Assert.Equal(Verdict.Equal, (await bench.Run.Ended).Verdict);
        Assert.Empty(bench.Run.Store.OpenLeases());
        _ = await ReconnectedAsync(() => bench.OnSource.StringSetAsync("free", "1").WaitAsync(TimeSpan.FromSeconds(5), Stop));
        Assert.Equal("", await ReconnectedAsync(() => FlagsAsync(bench.OnSource)));
        Assert.Equal("", await FlagsAsync(bench.OnTarget));
    }

    private static async Task<string?> FlagsAsync(IDatabase server) =>
        (string?)((RedisResult[]?)await server.ExecuteAsync("CONFIG", "GET", "notify-keyspace-events"))?[1];

    /// <summary>Fails a step.</summary>
    private sealed class Cable(string step, bool after)
    {
        public const string Cut = "the cable was cut";

        public bool IsWhole { get; set; }

        public void Probe(string name, bool done)
        {
            if (!IsWhole && name == step && done == after)
            {
                throw new IOException(Cut);
            }
        }
    }
}
