using System.Diagnostics;
using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Integration.Servers;
using StackExchange.Redis;

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
        var logs = Enumerable.Range(0, Clients).Select(client => AppendAsync(client, () => where, writing.Token)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);

        var (end, said) = await bench.CutOverAsync(Stop);
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);
        await writing.CancelAsync();

        Assert.True(end == CutoverEnd.Switched, said);
        foreach (var (client, acknowledged) in (await Task.WhenAll(logs)).Select(static (last, client) => (client, last)))
        {
            var log = (await bench.OnTarget.ListRangeAsync($"log:{client}")).Select(static entry => (int)entry).ToHashSet();
            var missing = Enumerable.Range(1, acknowledged).Where(number => !log.Contains(number)).ToList();
            Assert.True(acknowledged > 200, $"client {client} wrote only {acknowledged} entries");
            Assert.True(
                missing.Count == 0,
                $"client {client}: {missing.Count} of {acknowledged} acknowledged entries are lost, the first is {missing.FirstOrDefault()}\n{said}"
            );
        }
    }

    /// <summary>Appends 1, 2, 3, ... to a list of its own, wherever the clients are just then; a number that was not acknowledged is written again.</summary>
    /// <returns>The last number that was acknowledged.</returns>
    private static async Task<int> AppendAsync(int client, Func<RedisServer> where, CancellationToken stop)
    {
        var number = 1;
        RedisServer? server = null;
        IDatabase? database = null;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (server != where() || database is null)
                {
                    server = where();
                    database = (await server.ConnectAsync(static options => options.AsyncTimeout = 5000)).GetDatabase();
                }

                _ = await database.ListRightPushAsync($"log:{client}", number);
                number++;
            }
            catch (Exception lost) when (lost is RedisException or TimeoutException)
            {
                // Not acknowledged: it is written again, wherever the clients are now.
                Debug.Assert(number > 0);
            }
        }

        return number - 1;
    }
}
