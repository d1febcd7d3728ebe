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
    private const int Keys = 25_000;
    private const int ValueBytes = 6_000;
    private static readonly byte[] Ping = "*1\r\n$4\r\nPING\r\n"u8.ToArray();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The figure is the mean round trip of PINGs of a client that knows nothing of Keyferry, without the slowest tenth, as the budget's own figure is. Without a budget it
    /// must be well above what is allowed with one: otherwise nothing would be shown.</summary>
    [Fact]
    public async Task Source_stays_within_its_budget_and_half_of_it()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await FillAsync(source);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var load = Task.WhenAll(Enumerable.Range(0, 4).Select(one => AskAsync(source.Port, one, enough.Token)));
        var before = Mean(await MeasureAsync(source.Port, static took => took < TimeSpan.FromSeconds(3)));
        var budget = TimeSpan.FromMilliseconds(Math.Max(0.4, before.TotalMilliseconds * 2));
        var without = await WithoutAsync(source, target);

        using var run = EngineRun.Start(OptionsOf(source, target) with { SourceLatencyBudget = budget }, Stop);
        await run.ReachAsync(Phase.Copying, Stop);
        var began = Stopwatch.GetTimestamp();
        var during = Mean(
            await MeasureAsync(source.Port, took => took < TimeSpan.FromSeconds(10) && run.Run.Progress is { CopyDone: false })
        );
        var moved = run.Run.Progress.Written;
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var pace = run.Run.Progress.Pace;
        await enough.CancelAsync();
        await load;
        run.Run.Control.Pace.Limits = Keyferry.Throttle.PaceLimits.None;
        _ = await run.Ended;

        var figures =
            $"before {before.TotalMilliseconds:0.00} ms, without a budget {without.TotalMilliseconds:0.00} ms, "
            + $"with one of {budget.TotalMilliseconds:0.00} ms {during.TotalMilliseconds:0.00} ms; {moved:#,0} keys in {seconds:0.0} s, slow-downs {pace?.SlowDowns}";
        output.WriteLine(figures);
        Assert.True(without > budget * 1.5, figures);
        Assert.True(during < budget * 1.5, figures);
        Assert.True(moved > 500, figures);
    }

    private static MigrationOptions OptionsOf(RedisServer source, RedisServer target) =>
        new()
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            Mode = MigrationMode.Snapshot,
            TargetKeys = TargetKeys.Replace,
            Verify = false,
        };

    /// <summary>What a copy costs others when nothing holds it back: of a few copies, since each is soon over.</summary>
    private static async Task<TimeSpan> WithoutAsync(RedisServer source, RedisServer target)
    {
        var trips = new List<TimeSpan>();
        for (var copies = 0; copies < 3; copies++)
        {
            _ = await target.CommandAsync("FLUSHALL");
            using var run = EngineRun.Start(OptionsOf(source, target), Stop);
            await run.ReachAsync(Phase.Copying, Stop);
            trips.AddRange(await MeasureAsync(source.Port, _ => run.Run.Progress is { CopyDone: false }));
            _ = await run.Ended;
        }

        _ = await target.CommandAsync("FLUSHALL");
        return Mean(trips);
    }

    /// <summary>Values that cannot be compressed, which DUMP tries all the same.</summary>
    private static async Task FillAsync(RedisServer source)
    {
        var database = (await source.ConnectAsync()).GetDatabase();
        var random = new Random(1);
        var value = new byte[ValueBytes];
        for (var i = 0; i < Keys; i += 500)
        {
            var first = i;
            random.NextBytes(value);
            await Task.WhenAll(Enumerable.Range(first, 500).Select(key => database.StringSetAsync($"key:{key}", value)));
        }
    }

    private static async Task<List<TimeSpan>> MeasureAsync(int port, Func<TimeSpan, bool> goesOn)
    {
        using var client = new TcpClient("127.0.0.1", port) { NoDelay = true };
        var stream = client.GetStream();
        var reply = new byte[64];
        var trips = new List<TimeSpan>();
        for (var began = Stopwatch.GetTimestamp(); goesOn(Stopwatch.GetElapsedTime(began)); )
        {
            var asked = Stopwatch.GetTimestamp();
            await stream.WriteAsync(Ping, Stop);
            _ = await stream.ReadAsync(reply, Stop);
            trips.Add(Stopwatch.GetElapsedTime(asked));
            await Task.Delay(TimeSpan.FromMilliseconds(3), Stop);
        }

        return trips;
    }

    private static TimeSpan Mean(List<TimeSpan> trips)
    {
        trips.Sort();
        var counted = trips.Count - (trips.Count / 10);
        return trips.Take(counted).Aggregate(TimeSpan.Zero, static (sum, trip) => sum + trip) / counted;
    }

    /// <summary>An application that reads all the time, one command after the other.</summary>
    private static async Task AskAsync(int port, int seed, CancellationToken stop)
    {
        using var client = new TcpClient("127.0.0.1", port) { NoDelay = true };
        var stream = client.GetStream();
        var reply = new byte[64 * 1024];
        try
        {
            for (var i = seed; ; i = (i + 7919) % Keys)
            {
                var key = $"key:{i}";
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"*2\r\n$3\r\nGET\r\n${key.Length}\r\n{key}\r\n"), stop);
                await stream.ReadExactlyAsync(reply.AsMemory(0, $"${ValueBytes}\r\n".Length + ValueBytes + 2), stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }
}
