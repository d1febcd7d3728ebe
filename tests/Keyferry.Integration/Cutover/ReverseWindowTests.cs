using Keyferry.Cli.Control;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;
using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Cutover;

/// <summary>After the switch the same engine runs the other way round, until it is closed.</summary>
public sealed class ReverseWindowTests
{
    private static readonly CutoverOptions Options = new()
    {
        SwitchHook = "switch",
        FenceBudget = TimeSpan.FromSeconds(5),
        ReverseWindow = TimeSpan.FromHours(1),
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_changes_on_the_new_side_reaches_the_old_one_until_the_window_is_closed()
    {
        await using var bench = await CutoverBench.StartAsync(500, Stop);
        await bench.OnSource.StringSetAsync("gone", "1");
        await bench.FollowAsync(Options, Stop);
        var (end, said) = await bench.CutOverAsync(Stop);
        Assert.True(end == CutoverEnd.Switched, said);

        await bench.OnTarget.StringSetAsync("new", "1");
        await bench.OnTarget.KeyDeleteAsync("gone");
        await UntilAsync(async () => await bench.OnSource.KeyExistsAsync("new") && !await bench.OnSource.KeyExistsAsync("gone"));
        Assert.Equal(Phase.Reversible, bench.Run.Run.Progress.Phase);
        Assert.Contains("were switched already", Assert.Single(await SayAsync(DeskOf(bench), "cutover")), StringComparison.Ordinal);

        await bench.Run.FinishAsync();
        var report = await bench.Run.Ended;

        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.Null(report.Cutover?.Back);
        Assert.Equal(Phase.Completed, bench.Run.Store.Runs().Single(static run => run.Start.Mode == "live").Phase);
        Assert.Empty(bench.Run.Store.OpenLeases());
        foreach (var server in new[] { bench.Source, bench.Target })
        {
            Assert.Equal("", (string?)((RedisResult[]?)await server.CommandAsync("CONFIG", "GET", "notify-keyspace-events"))?[1]);
        }
    }

    [Fact]
    public async Task Keys_that_were_renamed_get_their_old_names_back()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        await bench.OnSource.StringSetAsync("old:gone", "1");
        await bench.OnSource.StringSetAsync("stays", "1");
        await bench.FollowAsync(
            Options,
            Stop,
            static options => options with { Names = new KeyNames(["old:*"], [], slots: null, [new PrefixRename("old:", "new:")]) }
        );
        var (end, said) = await bench.CutOverAsync(Stop);
        Assert.True(end == CutoverEnd.Switched, said);

        await bench.OnTarget.StringSetAsync("new:1", "1");
        await bench.OnTarget.StringSetAsync("other", "1");
        await bench.OnTarget.KeyDeleteAsync("new:gone");
        await UntilAsync(async () => await bench.OnSource.KeyExistsAsync("old:1") && !await bench.OnSource.KeyExistsAsync("old:gone"));
        await bench.Run.FinishAsync();

        Assert.Equal(Verdict.Equal, (await bench.Run.Ended).Verdict);
        Assert.False(await bench.OnSource.KeyExistsAsync("new:1"));
        Assert.False(await bench.OnSource.KeyExistsAsync("other"));
        Assert.True(await bench.OnSource.KeyExistsAsync("stays"));
    }

    [Fact]
    public async Task Window_closes_by_itself()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        await bench.FollowAsync(Options with { When = CutoverWhen.WhenReady, ReverseWindow = TimeSpan.FromSeconds(1) }, Stop);

        Assert.Equal(Verdict.Equal, (await bench.Run.Ended).Verdict);
        Assert.Null(bench.Control.Back);
    }

    [Fact]
    public async Task Whoever_holds_the_run_while_the_way_back_is_opened_takes_the_cutover_back()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        RunDesk? desk = null;
        string[] said = [];
        await bench.FollowAsync(
            Options with
            {
                StepProbe = (name, done) =>
                {
                    if (name == "open way back" && done)
                    {
                        said = [.. SayAsync(desk, "hold").GetAwaiter().GetResult()];
                    }
                },
            },
            Stop
        );
        desk = DeskOf(bench);

        Assert.Equal(CutoverEnd.NotSwitched, (await bench.CutOverAsync(Stop)).End);

        Assert.Equal(["the cutover is taken back; the run follows on"], said);
        Assert.Empty(bench.Hooks.Calls);
    }

    [Fact]
    public async Task Way_back_that_is_not_needed_after_all_leaves_nothing_behind()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        bench.Hooks.Answer = static _ => new HookResult(true, Operator.NothingDone, "");
        await bench.FollowAsync(Options, Stop);

        Assert.Equal(CutoverEnd.NotSwitched, (await bench.CutOverAsync(Stop)).End);

        await bench.AssertFollowsAsync(Stop);
        Assert.Null(bench.Control.Back);
        Assert.Equal("", (string?)((RedisResult[]?)await bench.Target.CommandAsync("CONFIG", "GET", "notify-keyspace-events"))?[1]);
        bench.Hooks.Answer = static _ => new HookResult(true, 0, "");
        Assert.Equal(CutoverEnd.Switched, (await bench.CutOverAsync(Stop)).End);
        await bench.Run.FinishAsync();
        Assert.Equal(Verdict.Equal, (await bench.Run.Ended).Verdict);
    }

    [Fact]
    public async Task Client_that_goes_on_writing_to_the_old_side_is_named()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        await bench.FollowAsync(Options, Stop);
        Assert.Equal(CutoverEnd.Switched, (await bench.CutOverAsync(Stop)).End);
        var stray = await bench.Source.ConnectAsync(static options => options.ClientName = "forgotten-batch-job");

        await UntilAsync(async () =>
        {
            await stray.GetDatabase().StringSetAsync("stray", "1");
            return bench.Run.Log.ToString().Contains("forgotten-batch-job at 127.0.0.1:", StringComparison.Ordinal);
        });

        await bench.Run.FinishAsync();
        _ = await bench.Run.Ended;
    }

    private static RunDesk DeskOf(CutoverBench bench) =>
        new(
            new MigrationOptions { Source = bench.Source.Endpoint, Target = bench.Target.Endpoint },
            () => bench.Run.Run.Progress,
            bench.Control,
            new RunSignals(),
            TimeProvider.System
        );

    [Fact]
    public async Task Clients_that_a_rollback_has_brought_back_are_where_they_belong()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        await bench.FollowAsync(Options, Stop);
        Assert.Equal(CutoverEnd.Switched, (await bench.CutOverAsync(Stop)).End);
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bench.Hooks.Answer = _ =>
        {
            back.SetResult();
            return new HookResult(true, 0, "");
        };
        var (end, said) = await bench.RollBackAsync(Stop);
        Assert.True(end == CutoverEnd.Switched, said);
        await back.Task;
        var app = (await bench.Source.ConnectAsync(static options => options.ClientName = "app-a")).GetDatabase();

        while (!bench.Run.Ended.IsCompleted)
        {
            await app.StringSetAsync("home", "1");
            await Task.Delay(20, Stop);
        }

        Assert.NotNull((await bench.Run.Ended).Cutover?.Back);
        Assert.DoesNotContain("app-a", bench.Run.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_rollback_everything_says_that_the_clients_are_back()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        await bench.FollowAsync(Options with { Fence = FenceKind.Hook, FenceHook = "fence", WatchOld = TimeSpan.FromMinutes(5) }, Stop);
        // Nothing moves it forward any more: a write behind a fence that leaks, which the way back overwrites.
        bench.Hooks.Answer = step =>
        {
            _ = step == "switch" && bench.OnSource.StringSet("late", "1");
            return new HookResult(true, 0, "");
        };
        Assert.Equal(CutoverEnd.Switched, (await bench.CutOverAsync(Stop)).End);
        bench.Hooks.Answer = static _ => new HookResult(true, 0, "");
        await bench.OnTarget.StringSetAsync("moved back", "1");
        await UntilAsync(() => bench.OnSource.KeyExistsAsync("moved back"));
        var (end, said) = await bench.RollBackAsync(Stop);
        Assert.True(end == CutoverEnd.Switched, said);
        var desk = DeskOf(bench);
        await UntilAsync(() => Task.FromResult(bench.Run.Run.Progress.Phase == Phase.Completed));

        var status = string.Join('\n', await SayAsync(desk, "status"));
        Assert.DoesNotContain("moving back", status, StringComparison.Ordinal);
        Assert.Contains($"the clients are back on {bench.Source.Endpoint}", status, StringComparison.Ordinal);
        Assert.Contains($"{bench.Target.Endpoint} is watched for clients that still write there", status, StringComparison.Ordinal);
        foreach (var verb in new[] { "cutover", "rollback", "hold" })
        {
            Assert.Contains("brought back", Assert.Single(await SayAsync(desk, verb)), StringComparison.Ordinal);
        }

        Assert.Equal(0, bench.Run.Run.Progress.Waiting);
        Assert.Equal(TimeSpan.Zero, bench.Run.Run.Progress.OldestWaiting);
        await bench.Run.FinishAsync();
        var report = ReportText.Of(await bench.Run.Ended, showKeys: false);
        Assert.DoesNotContain("not moved", report, StringComparison.Ordinal);
        Assert.Contains("moved back", report, StringComparison.Ordinal);
    }

    private static async Task<List<string>> SayAsync(RunDesk? desk, string verb)
    {
        List<string> said = [];
        await foreach (
            var reply in (desk ?? throw new InvalidOperationException("not started")).AnswerAsync(new ControlRequest(verb), Stop)
        )
        {
            said.AddRange(reply.Saw is { } saw ? [saw] : reply.Text);
        }

        return said;
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (!await holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }
    }
}
