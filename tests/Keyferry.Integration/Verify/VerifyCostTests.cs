using System.Diagnostics;
using Keyferry.Integration.Load;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Verify;

namespace Keyferry.Integration.Verify;

/// <summary>What the comparison beside a run costs the application.</summary>
[Collection(nameof(LoadCollection))]
[Trait("Category", "Long")]
public sealed class VerifyCostTests(ITestOutputHelper output)
{
    private const int MixedKeys = 200_000;
    private const int LiveKeys = 20_000;
    private const int Windows = 40;
    private const int SlicesPerWindow = 4;
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(250);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Windows with and without the comparison take turns, so that whatever else happens on the machine happens to both.</summary>
    [Fact]
    public async Task Comparison_of_equal_sides_leaves_a_writer_nine_tenths_of_its_throughput()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var filling = await ServerLink.ConnectAsync(source.Uri);
        var watch = new TouchedWatch();
        var writer = new SteadyWriter(source.Port, LiveKeys, watch.Touch);
        await new Filler(filling, new KeySpace(Seed: 7, MixedKeys), fieldExpiries: false).FillAsync(Stop);
        await writer.FillAsync(Stop);
        using var copy = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                UntilIdle = TimeSpan.FromMilliseconds(200),
            },
            Stop
        );
        Assert.Equal(Verdict.Equal, (await copy.Ended).Verdict);

        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var wrote = writer.RunAsync(writing.Token);
        List<double> without = [],
            with = [],
            ratios = [];
        var (compared, touched) = (0L, 0L);
        for (var window = 0; window < Windows; window++)
        {
            var alone = await MeasureAsync(writer);
            watch.Remember();
            await using var verifier = new ContinuousVerifier(
                VerifyPair.Connector(source.Endpoint, "source"),
                VerifyPair.Connector(target.Endpoint, "target"),
                new VerifyOptions { ExactExpiry = true },
                watch,
                TimeProvider.System
            );
            using var verifying = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var verified = verifier.RunAsync(verifying.Token);
            var beside = await MeasureAsync(writer);
            await verifying.CancelAsync();
            await verified;
            compared += verifier.Walked;
            touched += watch.Taken - verifier.Coverage.Unproved;
            without.AddRange(alone);
            with.AddRange(beside);
            ratios.Add(beside.Sum() / alone.Sum());
        }

        await writing.CancelAsync();
        await wrote;

        var (median, low) = (Quantile(ratios, 0.5), Quantile(with, 0.1) / Quantile(without, 0.1));
        var text =
            $"{Quantile(without, 0.5):#,0} writes a second alone, {Quantile(with, 0.5):#,0} beside the comparison: {median:P1} in the median of {Windows} windows ({ratios.Min():P1} to {ratios.Max():P1}); "
            + $"of the slowest tenth of {Slice.TotalMilliseconds:0} ms each {low:P1}; {compared:#,0} keys were walked over meanwhile, {touched:#,0} touched ones compared";
        output.WriteLine(text);
        Assert.True(compared > Windows * 100 && touched > Windows * 100, text);
        Assert.True(median > 0.9, text);
        Assert.True(low > 0.85, text);
    }

    /// <summary>Writes a second, slice by slice.</summary>
    private static async Task<double[]> MeasureAsync(SteadyWriter writer)
    {
        var rates = new double[SlicesPerWindow];
        for (var i = 0; i < rates.Length; i++)
        {
            var (before, since) = (writer.Written, Stopwatch.GetTimestamp());
            await Task.Delay(Slice, Stop);
            rates[i] = (writer.Written - before) / Stopwatch.GetElapsedTime(since).TotalSeconds;
        }

        return rates;
    }

    private static double Quantile(IEnumerable<double> values, double part)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)(part * (sorted.Length - 1))];
    }
}
