using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Integration.Cutover;

/// <summary>What others write on the receiving side after it was compared is found before the clients are handed over to it.</summary>
public sealed class StrayTests
{
    private static readonly CutoverOptions Options = new() { SwitchHook = "switch", FenceBudget = TimeSpan.FromSeconds(5) };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ServerKind.Machine)]
    [InlineData(ServerKind.Valkey81)]
    public async Task What_others_changed_on_the_target_is_put_right_before_the_clients_come(ServerKind kind)
    {
        await using var bench = await CutoverBench.StartAsync(300, Stop, kind);
        await bench.OnSource.StringSetAsync("k1", "RIGHT");
        await bench.OnSource.StringSetAsync("k2", "RIGHT");
        await bench.FollowAsync(Options, Stop);
        await ProvedAsync(bench);

        await bench.OnTarget.StringSetAsync("k1", "ALIEN");
        await bench.OnTarget.KeyDeleteAsync("k2");
        await bench.OnTarget.StringSetAsync("k3", "ALIEN");
        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        var report = await bench.Run.Ended;
        Assert.Equal("RIGHT", await bench.OnTarget.StringGetAsync("k1"));
        Assert.Equal("RIGHT", await bench.OnTarget.StringGetAsync("k2"));
        Assert.False(await bench.OnTarget.KeyExistsAsync("k3"));
        Assert.Equal(3, report.Cutover?.PutRight);
        Assert.Contains(
            $"3 keys that somebody else wrote on {bench.Target.Endpoint} were put right from {bench.Source.Endpoint}",
            bench.Run.Log.ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_others_change_behind_the_fence_is_put_right_too()
    {
        CutoverBench? told = null;
        await using var bench = await CutoverBench.StartAsync(300, Stop);
        await bench.OnSource.StringSetAsync("k1", "RIGHT");
        told = bench;
        await bench.FollowAsync(
            Options with
            {
                StepProbe = (name, done) =>
                {
                    if (name == "drain" && done)
                    {
                        told.OnTarget.StringSet("k1", "ALIEN");
                    }
                },
            },
            Stop
        );
        await ProvedAsync(bench);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.Equal("RIGHT", await bench.OnTarget.StringGetAsync("k1"));
        Assert.Equal(1, (await bench.Run.Ended).Cutover?.PutRight);
    }

    [Fact]
    public async Task Writes_of_strays_on_the_old_side_do_not_come_back_with_a_rollback()
    {
        await using var bench = await CutoverBench.StartAsync(300, Stop);
        await bench.FollowAsync(Options with { ReverseWindow = TimeSpan.FromHours(1) }, Stop);
        Assert.Equal(CutoverEnd.Switched, (await bench.CutOverAsync(Stop)).End);
        await bench.OnTarget.StringSetAsync("k1", "ACKED-ON-NEW");
        await bench.OnTarget.StringSetAsync("k2", "ACKED-ON-NEW");
        while (!await bench.OnSource.KeyExistsAsync("k2"))
        {
            await Task.Delay(10, Stop);
        }

        await ProvedAsync(bench);
        await bench.OnSource.StringSetAsync("k1", "STRAY-ON-OLD");
        await bench.OnSource.KeyDeleteAsync("k2");
        var (end, said) = await bench.RollBackAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.Equal(2, (await bench.Run.Ended).Cutover?.Back?.PutRight);
        Assert.Equal("ACKED-ON-NEW", await bench.OnSource.StringGetAsync("k1"));
        Assert.Equal("ACKED-ON-NEW", await bench.OnSource.StringGetAsync("k2"));
        Assert.Contains("2 keys that somebody else wrote on", bench.Run.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_others_keep_on_a_target_that_is_merged_into_stays()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        await bench.OnSource.StringSetAsync("k1", "RIGHT");
        await bench.OnTarget.StringSetAsync("theirs", "1");
        await bench.FollowAsync(Options, Stop, static options => options with { TargetKeys = TargetKeys.Merge });
        await ProvedAsync(bench);

        await bench.OnTarget.StringSetAsync("theirs", "2");
        await bench.OnTarget.StringSetAsync("theirs:new", "1");
        await bench.OnTarget.StringSetAsync("k1", "ALIEN");
        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        _ = await bench.Run.Ended;
        Assert.Equal("2", await bench.OnTarget.StringGetAsync("theirs"));
        Assert.Equal("1", await bench.OnTarget.StringGetAsync("theirs:new"));
        Assert.Equal("RIGHT", await bench.OnTarget.StringGetAsync("k1"));
    }

    [Fact]
    public async Task Target_that_cannot_be_heard_is_named_and_no_more_is_claimed()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        _ = await bench.Target.CommandAsync("ACL", "SETUSER", "default", "-client|tracking");
        await bench.FollowAsync(Options, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.Contains("is not noticed", bench.Run.Log.ToString(), StringComparison.Ordinal);
        Assert.Contains(bench.Target.Endpoint.ToString(), (await bench.Run.Ended).Verify?.Unheard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Target_that_tells_by_notifications_is_heard_where_it_does_not_track()
    {
        await using var bench = await CutoverBench.StartAsync(100, Stop);
        await bench.OnSource.StringSetAsync("k1", "RIGHT");
        _ = await bench.Target.CommandAsync("ACL", "SETUSER", "default", "-client|tracking");
        _ = await bench.Target.CommandAsync("CONFIG", "SET", "notify-keyspace-events", "AKE");
        await bench.FollowAsync(Options, Stop);
        await ProvedAsync(bench);

        await bench.OnTarget.StringSetAsync("k1", "ALIEN");
        var (end, said) = await bench.CutOverAsync(Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        Assert.Null((await bench.Run.Ended).Verify?.Unheard);
        Assert.Equal("RIGHT", await bench.OnTarget.StringGetAsync("k1"));
    }

    [Fact]
    public async Task Lost_ear_voids_what_was_compared()
    {
        await using var bench = await CutoverBench.StartAsync(300, Stop);
        await bench.OnSource.StringSetAsync("k1", "RIGHT");
        await bench.FollowAsync(Options, Stop);
        await ProvedAsync(bench);

        // The capture's connection is killed and the key written at once, before it is there again.
        var list = (string?)await bench.Target.CommandAsync("CLIENT", "LIST") ?? "";
        var ear = list.Split('\n')
            .Single(static client =>
                client.Contains("flags=", StringComparison.Ordinal) && client.Contains("capture", StringComparison.Ordinal)
            );
        _ = await bench.Target.CommandAsync("CLIENT", "KILL", "ID", ear.Split(' ')[0].Split('=')[1]);
        await bench.OnTarget.StringSetAsync("k1", "ALIEN");
        CutoverEnd end;
        string said;
        do
        {
            (end, said) = await bench.CutOverAsync(Stop);
        } while (end == CutoverEnd.NotSwitched && said.Contains("may have been missed", StringComparison.Ordinal));

        Assert.True(end == CutoverEnd.Switched, said);
        _ = await bench.Run.Ended;
        Assert.Equal("RIGHT", await bench.OnTarget.StringGetAsync("k1"));
    }

    /// <summary>Waits until every key is proved equal, in the run or in its way back.</summary>
    private static async Task ProvedAsync(CutoverBench bench)
    {
        for (var seen = 0; seen < 5; )
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), Stop);
            var now = bench.Run.Run.Progress;
            seen = now.VerifyTotal > 0 && now.Verified >= now.VerifyTotal && now.VerifyCandidates == 0 ? seen + 1 : 0;
            Assert.False(bench.Run.Ended.IsCompleted, "the run has ended");
        }
    }
}
