using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Servers;
using StackExchange.Redis;

namespace Keyferry.Integration.Cutover;

/// <summary>Clients that write throughout, and retry what was not acknowledged, find every acknowledged write on the side that they were switched to.</summary>
public sealed class AppendLogTests
{
    private const int Clients = 4;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ServerKind.Machine, FenceKind.Pause)]
    [InlineData(ServerKind.Valkey81, FenceKind.Pause)]
    [InlineData(ServerKind.Redis60, FenceKind.Acl)]
    [InlineData(ServerKind.Machine, FenceKind.Hook)]
    public async Task No_acknowledged_write_is_lost_when_the_clients_are_switched(ServerKind kind, object fence)
    {
        await using var bench = await StartAsync(kind);
        using var clients = new WritingClients(bench);
        await bench.FollowAsync(OptionsOf(fence), Stop);
        var writing = clients.RunAsync();
        await Task.Delay(Quiet, Stop);

        var (end, said) = await bench.CutOverAsync(Stop);
        await Task.Delay(Quiet, Stop);

        Assert.True(end == CutoverEnd.Switched, said);
        await clients.AssertNothingLostAsync(writing, bench.OnTarget, said);
    }

    [Theory]
    [InlineData(FenceKind.Pause)]
    [InlineData(FenceKind.Acl)]
    [InlineData(FenceKind.Hook)]
    public async Task No_acknowledged_write_is_lost_when_the_clients_go_there_and_back(object fence)
    {
        await using var bench = await StartAsync(ServerKind.Machine);
        using var clients = new WritingClients(bench);
        await bench.FollowAsync(OptionsOf(fence) with { ReverseWindow = TimeSpan.FromHours(1) }, Stop);
        var writing = clients.RunAsync();
        await Task.Delay(Quiet, Stop);

        var (there, said) = await bench.CutOverAsync(Stop);
        Assert.True(there == CutoverEnd.Switched, said);
        await Task.Delay(Quiet, Stop);
        var (back, answered) = await bench.RollBackAsync(Stop);
        Assert.True(back == CutoverEnd.Switched, answered);
        await Task.Delay(Quiet / 2, Stop);

        await clients.AssertNothingLostAsync(writing, bench.OnSource, said + answered);
        var report = await bench.Run.Ended;
        Assert.NotNull(report.Cutover?.Back);
        Assert.Equal("forward back", string.Join(' ', clients.Switches));
        Assert.Empty(bench.Run.Store.OpenLeases());
    }

    private static CutoverOptions OptionsOf(object fence) =>
        new()
        {
            Fence = (FenceKind)fence,
            FenceHook = "fence",
            SwitchHook = "switch",
            FenceBudget = TimeSpan.FromSeconds(5),
        };

    /// <summary>Clients log in as a user of their own, so that a fence of ACLs can tell them from Keyferry.</summary>
    private static async Task<CutoverBench> StartAsync(ServerKind kind)
    {
        var bench = await CutoverBench.StartAsync(2000, Stop, kind);
        foreach (var server in new[] { bench.Source, bench.Target })
        {
            await server.CommandAsync("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all");
        }

        return bench;
    }

    /// <summary>Several clients, with the operator's programs that stop, switch and start them.</summary>
    private sealed class WritingClients : IDisposable
    {
        private readonly CutoverBench _bench;
        private readonly List<AppendLog> _logs;
        private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(
            TestContext.Current.CancellationToken
        );
        private RedisServer _where;

        public WritingClients(CutoverBench bench)
        {
            _bench = bench;
            _where = bench.Source;
            _logs = [.. Enumerable.Range(0, Clients).Select(client => new AppendLog(client, () => _where, LogIn))];
            bench.Hooks.Answer = Act;
        }

        public IEnumerable<string> Switches =>
            _bench.Hooks.Calls.Where(static call => call["KEYFERRY_STEP"] == "switch").Select(static call => call["KEYFERRY_DIRECTION"]);

        public List<Task<(int Client, int Acknowledged)>> RunAsync() => [.. _logs.Select(log => log.RunAsync(_end.Token))];

        public async Task AssertNothingLostAsync(List<Task<(int Client, int Acknowledged)>> writing, IDatabase side, string context)
        {
            await _end.CancelAsync();
            foreach (var written in await Task.WhenAll(writing))
            {
                await AppendLog.AssertAllAsync(written, side, context);
            }
        }

        public void Dispose()
        {
            _end.Dispose();
            _logs.ForEach(static log => log.Dispose());
        }

        private static void LogIn(ConfigurationOptions options) => (options.User, options.Password) = ("app", "secret");

        private HookResult Act(string step)
        {
            switch (step)
            {
                case "fence":
                    _logs.ForEach(static log => log.Stop());
                    break;
                case "unfence":
                    _logs.ForEach(static log => log.Start());
                    break;
                default:
                    _where = _where == _bench.Source ? _bench.Target : _bench.Source;
                    break;
            }

            return new HookResult(true, 0, "");
        }
    }
}
