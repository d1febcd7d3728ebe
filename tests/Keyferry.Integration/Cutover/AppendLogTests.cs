using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Cutover;

/// <summary>Clients that write throughout, and retry what was not acknowledged, find every acknowledged write on the side that they were switched to.</summary>
public sealed class AppendLogTests
{
    private const int Clients = 4;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ServerKind.Machine)]
    [InlineData(ServerKind.Valkey81)]
    public async Task No_acknowledged_write_is_lost_when_the_clients_are_switched(ServerKind kind)
    {
        await using var bench = await CutoverBench.StartAsync(2000, Stop, kind);
        var where = bench.Source;
        bench.Hooks.Answer = _ =>
        {
            where = bench.Target;
            return new HookResult(true, 0, "");
        };
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await bench.FollowAsync(new CutoverOptions { SwitchHook = "switch", FenceBudget = TimeSpan.FromSeconds(5) }, Stop);
        var logs = Enumerable.Range(0, Clients).Select(client => new AppendLog(client, () => where).RunAsync(writing.Token)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);

        var (end, said) = await bench.CutOverAsync(Stop);
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);
        await writing.CancelAsync();

        Assert.True(end == CutoverEnd.Switched, said);
        foreach (var log in logs)
        {
            await AppendLog.AssertAllAsync(await log, bench.OnTarget, said);
        }
    }

    [Fact]
    public async Task No_acknowledged_write_is_lost_when_the_clients_go_there_and_back()
    {
        await using var bench = await CutoverBench.StartAsync(2000, Stop);
        var where = bench.Source;
        bench.Hooks.Answer = _ =>
        {
            where = where == bench.Source ? bench.Target : bench.Source;
            return new HookResult(true, 0, "");
        };
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await bench.FollowAsync(
            new CutoverOptions
            {
                SwitchHook = "switch",
                FenceBudget = TimeSpan.FromSeconds(5),
                ReverseWindow = TimeSpan.FromHours(1),
            },
            Stop
        );
        var logs = Enumerable.Range(0, Clients).Select(client => new AppendLog(client, () => where).RunAsync(writing.Token)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);

        var (there, said) = await bench.CutOverAsync(Stop);
        Assert.True(there == CutoverEnd.Switched, said);
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);
        var (back, answered) = await bench.RollBackAsync(Stop);
        Assert.True(back == CutoverEnd.Switched, answered);
        await Task.Delay(TimeSpan.FromMilliseconds(500), Stop);
        await writing.CancelAsync();
        var report = await bench.Run.Ended;

        Assert.NotNull(report.Cutover?.Back);
        Assert.Equal("forward back", string.Join(' ', bench.Hooks.Calls.Select(static call => call["KEYFERRY_DIRECTION"])));
        foreach (var log in logs)
        {
            await AppendLog.AssertAllAsync(await log, bench.OnSource, said + answered);
        }
    }
}
