using System.Globalization;
using System.Text.RegularExpressions;
using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Model;

namespace Keyferry.Integration.Cutover;

/// <summary>Unknown stays unknown: where the answer of a switch is lost, nobody goes on but a person.</summary>
public sealed partial class OwnershipTests
{
    private static readonly CutoverOptions Options = new() { SwitchHook = "switch", FenceBudget = TimeSpan.FromSeconds(5) };

    private static readonly TimeSpan Thinking = TimeSpan.FromSeconds(1.5);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<int?> LostAnswers => new TheoryData<int?>(1, 137, (int?)null);

    [Theory]
    [MemberData(nameof(LostAnswers))]
    public async Task Switch_without_an_answer_waits_for_a_person_behind_the_fence(int? code)
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        bench.Hooks.Answer = _ => new HookResult(true, code, "");
        await bench.FollowAsync(Options, Stop);

        var cutover = bench.CutOverAsync(Stop);
        var question = await bench.AskedAsync(Stop);

        Assert.True(question.IsAboutOwnership);
        Assert.Contains("nobody knows", question.Text, StringComparison.Ordinal);
        Assert.Contains("keyferry resolve", question.Text, StringComparison.Ordinal);
        Assert.Equal(Phase.OwnershipUnknown, bench.Run.Run.Progress.Phase);
        // Longer than the pause would last by itself: it is prolonged until somebody has said.
        await Assert.ThrowsAsync<TimeoutException>(() =>
            bench.OnSource.StringSetAsync("held", "1").WaitAsync(TimeSpan.FromMilliseconds(300), Stop)
        );
        Assert.False(bench.Control.Questions.Answer(aboutOwnership: false, answer: true));
        Assert.Equal(Phase.OwnershipUnknown, bench.Run.Run.Progress.Phase);
        Assert.Single(bench.Hooks.Calls);

        bench.Hooks.Answer = static _ => new HookResult(true, 0, "");
        Assert.True(bench.Control.Questions.Answer(aboutOwnership: true, answer: false));
        var (end, said) = await cutover;
        Assert.Equal(CutoverEnd.NotSwitched, end);
        var waited = WaitedFor().Match(said);
        Assert.True(
            waited.Success && int.Parse(waited.Groups["ms"].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) >= 300,
            said
        );
        await bench.AssertFollowsAsync(Stop);
    }

    [Fact]
    public async Task Person_who_says_that_the_clients_are_switched_ends_the_run()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        bench.Hooks.Answer = _ => new HookResult(true, 1, "");
        await bench.FollowAsync(Options, Stop);
        var cutover = bench.CutOverAsync(Stop);
        _ = await bench.AskedAsync(Stop);

        await Task.Delay(Thinking, Stop);
        Assert.True(bench.Control.Questions.Answer(aboutOwnership: true, answer: true));

        Assert.Equal(CutoverEnd.Switched, (await cutover).End);
        var report = await bench.Run.Ended;
        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.Empty(bench.Fences);
        // Writes were held back until the person had said it.
        Assert.InRange(report.Cutover?.Fenced ?? TimeSpan.Zero, Thinking, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Run_that_ends_while_nobody_knows_says_so_and_lifts_the_fence()
    {
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        bench.Hooks.Answer = _ => new HookResult(true, 1, "");
        await bench.FollowAsync(Options, abort.Token);
        var cutover = bench.CutOverAsync(Stop);
        _ = await bench.AskedAsync(Stop);

        await abort.CancelAsync();

        var failure = await Assert.ThrowsAsync<KeyferryException>(() => bench.Run.Ended);
        Assert.Equal(FailureKind.OwnershipUnknown, failure.Kind);
        Assert.Contains("keyferry resolve", failure.Remedy, StringComparison.Ordinal);
        Assert.Equal(CutoverEnd.Unknown, (await cutover).End);
        Assert.Empty(bench.Fences);
        Assert.Equal(Phase.OwnershipUnknown, bench.Run.Store.Runs()[0].Phase);
        Assert.Null(bench.Run.Store.Runs()[0].Ended);
        await bench.OnSource.StringSetAsync("free", "1").WaitAsync(TimeSpan.FromSeconds(1), Stop);
    }

    [Fact]
    public async Task Switch_that_cannot_be_confirmed_waits_for_a_person()
    {
        await using var bench = await CutoverBench.StartAsync(200, Stop);
        bench.Hooks.Answer = _ =>
        {
            bench.Target.CommandAsync("REPLICAOF", "127.0.0.1", "1").Wait();
            return new HookResult(true, 0, "");
        };
        await bench.FollowAsync(Options, Stop);
        var cutover = bench.CutOverAsync(Stop);

        var question = await bench.AskedAsync(Stop);

        Assert.Contains("could not be confirmed", question.Text, StringComparison.Ordinal);
        Assert.Equal(Phase.OwnershipUnknown, bench.Run.Run.Progress.Phase);
        await bench.Target.CommandAsync("REPLICAOF", "NO", "ONE");
        await Task.Delay(Thinking, Stop);
        Assert.True(bench.Control.Questions.Answer(aboutOwnership: true, answer: true));
        Assert.Equal(CutoverEnd.Switched, (await cutover).End);
        Assert.InRange((await bench.Run.Ended).Cutover?.Fenced ?? TimeSpan.Zero, Thinking, TimeSpan.FromMinutes(1));
    }

    [GeneratedRegex(@"Writes to it waited for (?<ms>[\d,]+) ms", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WaitedFor();
}
