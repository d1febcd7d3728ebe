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
    private const int Windows = 60;
    private const int SlicesPerWindow = 3;
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(250);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Windows with and without the comparison take turns, so that whatever else happens on the machine happens to both.</summary>
    [Fact]
    public async Task Comparison_of_equal_sides_leaves_a_writer_nine_tenths_of_its_throughput()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var writer = new SteadyWriter(source.Port, LiveKeys);
        await FillAsync(source, target, writer);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var wrote = writer.RunAsync(writing.Token);
        var (with, without, ratios) = (new List<double>(), new List<double>(), new List<double>());
        var (walked, compared) = (0L, 0L);
        for (var window = 0; window < Windows; window++)
        {
            var alone = await MeasureAsync(writer);
            await using var verifier = new ContinuousVerifier(
                VerifyPair.Connector(source.Endpoint, "source"),
                VerifyPair.Connector(target.Endpoint, "target"),
                new VerifyOptions { ExactExpiry = true },
                new TouchedWatch(Touched(writer)),
                TimeProvider.System
            );
            using var verifying = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var verified = verifier.RunAsync(verifying.Token);
            var beside = await MeasureAsync(writer);
            await verifying.CancelAsync();
            await verified;
            (walked, compared) = (walked + verifier.Walked, compared + LiveKeys - verifier.Coverage.Unproved);
            without.AddRange(alone);
            with.AddRange(beside);
            ratios.Add(beside.Sum() / alone.Sum());
        }

        await writing.CancelAsync();
        await wrote;
        var (median, low) = (Quantile(ratios, 0.5), Quantile(with, 0.1) / Quantile(without, 0.1));
        var text =
            $"{Quantile(without, 0.5):#,0} writes a second alone, {Quantile(with, 0.5):#,0} beside the comparison: {median:P1} in the median of {Windows} windows ({ratios.Min():P1} to {ratios.Max():P1}), "
            + $"{with.Sum() / without.Sum():P1} altogether; of the slowest tenth of {Slice.TotalMilliseconds:0} ms each {low:P1}; {walked:#,0} keys were walked over and {compared:#,0} touched ones compared meanwhile";
        output.WriteLine(text);
        Assert.True(walked > Windows * 100 && compared > Windows * 100, text);
        Assert.True(median > 0.9, text);
        Assert.True(low > 0.8, text);
    }

    private static async Task FillAsync(RedisServer source, RedisServer target, SteadyWriter writer)
    {
        await using var filling = await ServerLink.ConnectAsync(source.Uri);
        await new Filler(filling, new KeySpace(Seed: 7, MixedKeys), fieldExpiries: false).FillAsync(Stop);
        await writer.FillAsync(Stop);
        var options = new MigrationOptions
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            UntilIdle = TimeSpan.FromMilliseconds(200),
        };
        using var copy = EngineRun.Start(options, Stop);
        Assert.Equal(Verdict.Equal, (await copy.Ended).Verdict);
    }

    /// <summary>As many of the writer's keys as it has written to; all of them, mostly.</summary>
    private static Func<IEnumerable<string>> Touched(SteadyWriter writer)
    {
        var before = writer.Written;
        return () =>
        {
            var count = (int)Math.Min(LiveKeys, writer.Written - before);
            before = writer.Written;
            return Enumerable.Range(0, count).Select(SteadyWriter.KeyOf);
        };
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
