using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Cutover;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.State;
using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Integration.Clusters;

/// <summary>Clients of a cluster are handed over: every primary is fenced and drained, or none is.</summary>
public sealed class ClusterCutoverTests
{
    private const int WritesPerSecond = 300;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly CutoverOptions Options = new() { SwitchHook = "switch", FenceBudget = TimeSpan.FromSeconds(15) };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(3, 3)]
    public Task Clients_are_switched_behind_a_fence_on_every_primary(int source, int target) => SwitchAsync(source, target);

    [Theory]
    [Trait("Category", "Long")]
    [InlineData(3, 0)]
    [InlineData(0, 3)]
    public Task Clients_of_a_cluster_on_one_side_are_switched(int source, int target) => SwitchAsync(source, target);

    [Fact]
    public async Task Primary_that_fails_over_behind_the_fence_takes_the_cutover_back()
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 703, Count: 1000), 3, 0, Stop, replicas: 1);
        var failed = false;
        var hooks = new FakeHooks();
        var cutover = Options with
        {
            // A failover may have to be asked for again.
            FenceBudget = TimeSpan.FromSeconds(45),
            StepProbe = (name, done) =>
            {
                if (name == "prove" && done && !failed)
                {
                    failed = true;
                    pair.SourceCluster?.FailOverAsync(1).Wait(Stop);
                    Task.Delay(300, Stop).Wait(Stop);
                }
            },
        };
        using var run = EngineRun.Start(pair.Options with { Cutover = cutover }, Stop, hooks: hooks);
        await run.ReachAsync(Phase.Following, Stop);

        var (end, said) = await ListenAsync(run);
        // Asked too early, the run may still be comparing both sides.
        for (var tries = 0; !failed && tries < 100; tries++)
        {
            await Task.Delay(200, Stop);
            (end, said) = await ListenAsync(run);
        }

        Assert.True(end == CutoverEnd.NotSwitched, said);
        Assert.Contains("the fence broke", said, StringComparison.Ordinal);
        Assert.Empty(hooks.Calls);
        await AssertWritableAsync(pair);

        // Asked before that, it would be undone for the failover's gap.
        for (var waited = 0; !HasGoneOver(run) && waited < 300; waited++)
        {
            await Task.Delay(100, Stop);
        }

        Assert.True(HasGoneOver(run), $"{run.Log}");
        for (
            var tries = 0;
            end == CutoverEnd.NotSwitched && (tries == 0 || IsNotGoneOver(said) || IsStillCompared(said)) && tries < 100;
            tries++
        )
        {
            await Task.Delay(200, Stop);
            (end, said) = await ListenAsync(run);
        }

        Assert.True(end == CutoverEnd.Switched, $"{said}\n{run.Log}");
        Assert.Equal(Verdict.Equal, (await run.Ended).Verdict);
        Assert.DoesNotContain(run.Store.OpenLeases(), static lease => lease.Kind == LeaseKind.Fence);
        await pair.AssertEqualAsync($"{said}\n{run.Log}", Stop);
    }

    [Fact]
    public async Task Fences_that_a_killed_run_has_left_on_the_primaries_are_lifted_when_it_is_resumed()
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 704, Count: 500), 3, 0, Stop);
        var cluster = pair.SourceCluster ?? throw new InvalidOperationException("the source is a cluster");
        foreach (var node in cluster.Nodes)
        {
            await RedisCluster.AskAsync(node, "ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all");
        }

        await using var run = KeyferryProgram.Start([
            .. (string[])["migrate", cluster.Uri, $"redis://{pair.TargetEndpoint}", "--cutover", "when-ready", "--fence", "acl"],
            .. (string[])["--fence-budget", "15s"],
        ]);
        await run.WaitForAsync("Switch the clients to", Patience);
        Assert.Equal(3, await MayNotWriteAsync(cluster));
        await run.KillAsync();
        string[] place = ["--work-dir", Path.Combine(run.Folder, ".keyferry")];
        await using (var resolve = KeyferryProgram.Start(["resolve", "--not-switched", .. place]))
        {
            Assert.True(await resolve.EndAsync(Patience) == 0, resolve.Output);
        }

        string[] resume = ["migrate", cluster.Uri, $"redis://{pair.TargetEndpoint}", "--resume", "--until-idle", "500ms", .. place];
        await using var again = KeyferryProgram.Start(resume);

        Assert.True(await again.EndAsync(Patience) == 0, again.Output);
        Assert.True(await MayNotWriteAsync(cluster) == 0, again.Output);
    }

    /// <summary>Whether the run listens to the new primary, and has looked at what was missed meanwhile.</summary>
    private static bool HasGoneOver(EngineRun run) =>
        run.Log.ToString().Contains("is listened to from now on", StringComparison.Ordinal)
        && run.Log.Gaps.Any(static gap => gap.Reason.Contains("elected or moved", StringComparison.Ordinal))
        && run.Run.Progress.OpenGaps == 0;

    private static bool IsStillCompared(string said) => said.Contains("both sides are still being compared", StringComparison.Ordinal);

    private static bool IsNotGoneOver(string said) => said.Contains("is a replica now", StringComparison.Ordinal);

    /// <summary>On how many nodes the application's user lacks the right to write.</summary>
    private static async Task<int> MayNotWriteAsync(RedisCluster cluster)
    {
        var rules = await Task.WhenAll(cluster.Nodes.Select(static node => RedisCluster.AskAsync(node, "ACL", "GETUSER", "app")));
        return rules.Count(static rule => rule.Contains("-@write", StringComparison.Ordinal));
    }

    private static async Task SwitchAsync(int sourcePrimaries, int targetPrimaries)
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 701, Count: 2000), sourcePrimaries, targetPrimaries, Stop);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var writer = pair.Writer(WritesPerSecond).RunAsync(duration: null, writing.Token);
        var held = new List<Task>();
        var hooks = new FakeHooks
        {
            Answer = _ =>
            {
                writing.Cancel();
                held.AddRange(Enumerable.Range(0, 60).Select(i => pair.Source.Database().StringSetAsync($"held:{i}", "1")));
                Task.Delay(200, Stop).Wait(Stop);
                return new HookResult(true, held.Exists(static write => write.IsCompleted) ? Operator.NothingDone : 0, "");
            },
        };
        using var run = EngineRun.Start(pair.Options with { Cutover = Options }, Stop, hooks: hooks);
        await run.ReachAsync(Phase.Following, Stop);

        var (end, said) = await ListenAsync(run);

        Assert.True(end == CutoverEnd.Switched, $"{said}\n{run.Log}");
        Assert.Equal(Verdict.Equal, (await run.Ended).Verdict);
        Assert.All(held, static write => Assert.ThrowsAny<RedisException>(() => write.GetAwaiter().GetResult()));
        _ = await writer;
        Assert.Empty(run.Store.OpenLeases());
        await pair.AssertEqualAsync($"{said}\n{run.Log}", Stop);
        await AssertWritableAsync(pair);
    }

    private static async Task<(CutoverEnd End, string Said)> ListenAsync(EngineRun run)
    {
        var talk = run.Run.Control.AskCutover();
        List<string> said = [];
        while (true)
        {
            var (lines, end) = await talk.ListenAsync(said.Count, Stop).AsTask().WaitAsync(Patience, Stop);
            said.AddRange(lines);
            if (end is { } over)
            {
                return (over, string.Join('\n', said));
            }
        }
    }

    /// <summary>Every part of the source takes writes, once its clients have found their way.</summary>
    private static async Task AssertWritableAsync(ClusterPair pair)
    {
        for (var i = 0; i < 60; i++)
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    await pair.Source.Database().KeyDeleteAsync($"held:{i}").WaitAsync(TimeSpan.FromSeconds(10), Stop);
                    break;
                }
                catch (RedisException) when (attempt < 50)
                {
                    await Task.Delay(100, Stop);
                }
            }
        }
    }
}
