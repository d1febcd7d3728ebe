using System.Diagnostics;
using System.Globalization;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Integration.Load;

/// <summary>What a gap costs where nothing was lost in it: the whole engine, a million keys, and the servers' own counts of bytes and of slow commands.</summary>
[Collection(nameof(LoadCollection))]
public sealed class RescanCostTests(ITestOutputHelper output)
{
    private const int Million = 1_000_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [Trait("Category", "Long")]
    [InlineData(ServerKind.Machine, ServerKind.Machine, false)]
    [InlineData(ServerKind.Machine, ServerKind.Redis80, false)]
    [InlineData(ServerKind.Redis80, ServerKind.Redis80, false)]
    [InlineData(ServerKind.Redis80, ServerKind.Redis80, true)]
    public async Task A_million_equal_keys_are_looked_at_again_for_a_tenth_of_the_bytes(ServerKind source, ServerKind target, bool hidden)
    {
        await using var pair = await LoadedPair.StartAsync(source, target, new KeySpace(7, Million), Stop);
        var idle = await BytesAsync(pair);
        var watch = Stopwatch.StartNew();
        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = EndpointOf(pair.Source),
                Target = EndpointOf(pair.Target),
                Verify = false,
            },
            Stop
        );
        await run.ReachAsync(Phase.Following, Stop);
        var copy = (Time: watch.Elapsed, Bytes: await BytesAsync(pair) - idle);
        await LetRestAsync(pair.Source.Database(), hidden);
        var before = await BytesAsync(pair);
        var busy = (Source: await BusyAsync(pair.Source), Target: await BusyAsync(pair.Target));
        watch.Restart();

        await pair.Source.Database().ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
        while (run.Run.Progress is { Gaps: 0 } or { OpenGaps: > 0 })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), Stop);
        }

        var rescan = (Time: watch.Elapsed, Bytes: await BytesAsync(pair) - before);
        busy = (await BusyAsync(pair.Source) - busy.Source, await BusyAsync(pair.Target) - busy.Target);
        var written = run.Run.Progress.Written;
        var slowest = (await pair.Source.Server.SlowlogGetAsync(128))
            .Select(static entry => entry.Duration.TotalMilliseconds)
            .DefaultIfEmpty()
            .Max();
        await run.FinishAsync();
        _ = await run.Ended;
        output.WriteLine($"copy: {copy.Time.TotalSeconds:0.0} s, {copy.Bytes:N0} bytes");
        output.WriteLine(
            $"rescan: {rescan.Time.TotalSeconds:0.0} s, {rescan.Bytes:N0} bytes; longest call {slowest:0.0} ms; {written:N0} keys written in all"
        );
        output.WriteLine($"the source was busy for {busy.Source:0.0} s, the target for {busy.Target:0.0} s");
        output.WriteLine(
            string.Join('\n', run.Log.ToString().Split('\n').Where(static line => line.Contains("compar", StringComparison.Ordinal)))
        );

        Assert.True(rescan.Bytes * 10 < copy.Bytes, $"The rescan moved {rescan.Bytes:N0} bytes, the copy {copy.Bytes:N0}.");
    }

    /// <summary>Waits long enough for the capture to have proved that it heard everything after the copy.</summary>
    private static async Task LetRestAsync(IDatabase source, bool hidden)
    {
        await source.ExecuteAsync("CONFIG", "SET", "slowlog-log-slower-than", 1000);
        await source.ExecuteAsync("SLOWLOG", "RESET");
        if (hidden)
        {
            // Idle times prove nothing then.
            await source.ExecuteAsync("CLIENT", "NO-TOUCH", "ON");
        }

        await Task.Delay(TimeSpan.FromSeconds(8), Stop);
    }

    /// <summary>Seconds of the server's processor so far.</summary>
    private static async Task<double> BusyAsync(ServerLink link)
    {
        var used = (await link.Server.InfoAsync("cpu")).SelectMany(static section => section).ToDictionary();
        return double.Parse(used["used_cpu_user"], CultureInfo.InvariantCulture)
            + double.Parse(used["used_cpu_sys"], CultureInfo.InvariantCulture);
    }

    private static Endpoint EndpointOf(ServerLink link) =>
        new() { Host = "127.0.0.1", Port = ((System.Net.IPEndPoint)link.Server.EndPoint).Port };

    private static async Task<long> BytesAsync(LoadedPair pair) => await BytesAsync(pair.Source) + await BytesAsync(pair.Target);

    private static async Task<long> BytesAsync(ServerLink link)
    {
        var stats = (await link.Server.InfoAsync("stats")).SelectMany(static section => section).ToDictionary();
        return long.Parse(stats["total_net_input_bytes"]) + long.Parse(stats["total_net_output_bytes"]);
    }
}
