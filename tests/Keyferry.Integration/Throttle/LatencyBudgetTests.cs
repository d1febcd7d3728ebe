using System.Diagnostics;
using System.Net.Sockets;
using Keyferry.Integration.Load;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Integration.Throttle;

/// <summary>A loaded source answers an independent client within its budget while it is copied.</summary>
[Collection(nameof(LoadCollection))]
[Trait("Category", "Long")]
public sealed class LatencyBudgetTests(ITestOutputHelper output)
{
    private const int Keys = 400_000;
    private static readonly byte[] Ping = "*1\r\n$4\r\nPING\r\n"u8.ToArray();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The figure is the mean round trip of PINGs of a client that knows nothing of Keyferry, without the slowest tenth, as the budget's own figure is.</summary>
    [Fact]
    public async Task Source_stays_within_its_budget_and_half_of_it()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        _ = await source.CommandAsync("DEBUG", "POPULATE", Keys, "key", 300);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var load = Task.WhenAll(Enumerable.Range(0, 4).Select(one => AskAsync(source.Port, one, enough.Token)));
        var before = await MeasureAsync(source.Port, TimeSpan.FromSeconds(3));
        var budget = TimeSpan.FromMilliseconds(Math.Max(0.4, before.TotalMilliseconds * 2));

        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                SourceLatencyBudget = budget,
                Verify = false,
            },
            Stop
        );
        await run.ReachAsync(Phase.Copying, Stop);
        var began = Stopwatch.GetTimestamp();
        var during = await MeasureAsync(source.Port, TimeSpan.FromSeconds(8));
        var moved = run.Run.Progress.Written;
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var pace = run.Run.Progress.Pace;
        await enough.CancelAsync();
        await load;
        run.Run.Control.Pace.Limits = Keyferry.Throttle.PaceLimits.None;
        await run.FinishAsync();
        _ = await run.Ended;

        output.WriteLine(
            $"before {before.TotalMilliseconds:0.00} ms, budget {budget.TotalMilliseconds:0.00} ms, during {during.TotalMilliseconds:0.00} ms, "
                + $"{moved:#,0} keys in {seconds:0.0} s, slow-downs {pace?.SlowDowns}"
        );
        Assert.True(during < budget * 1.5, $"{during.TotalMilliseconds:0.00} ms with a budget of {budget.TotalMilliseconds:0.00} ms");
        Assert.True(moved > 1000, $"only {moved} keys were moved");
    }

    private static async Task<TimeSpan> MeasureAsync(int port, TimeSpan span)
    {
        using var client = new TcpClient("127.0.0.1", port) { NoDelay = true };
        var stream = client.GetStream();
        var reply = new byte[64];
        var trips = new List<TimeSpan>();
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < span; )
        {
            var asked = Stopwatch.GetTimestamp();
            await stream.WriteAsync(Ping, Stop);
            _ = await stream.ReadAsync(reply, Stop);
            trips.Add(Stopwatch.GetElapsedTime(asked));
            await Task.Delay(TimeSpan.FromMilliseconds(3), Stop);
        }

        trips.Sort();
        var counted = trips.Count - (trips.Count / 10);
        return trips.Take(counted).Aggregate(TimeSpan.Zero, static (sum, trip) => sum + trip) / counted;
    }

    /// <summary>An application that reads all the time, one command after the other.</summary>
    private static async Task AskAsync(int port, int seed, CancellationToken stop)
    {
        using var client = new TcpClient("127.0.0.1", port) { NoDelay = true };
        var stream = client.GetStream();
        var reply = new byte[1024];
        try
        {
            for (var i = seed; ; i = (i + 7919) % Keys)
            {
                var key = $"key:{i}";
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"*2\r\n$3\r\nGET\r\n${key.Length}\r\n{key}\r\n"), stop);
                _ = await stream.ReadAsync(reply, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }
}
