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
    private const int Windows = 12;

    /// <summary>A round begins after a quarter of a second, and rests nineteen times as long as a page took: on a busy machine the first pages take a second.</summary>
    private const int SlicesPerWindow = 8;
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(250);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Windows with and without the comparison take turns, so that whatever else happens on the machine happens to both.</summary>
    /// <remarks>A server has one thread for its clients: a writer that keeps it busy loses what others take of its time. That is what is judged, because source, target,
    /// writer and comparison share this machine, and others with them; what the writer reached is told beside it.</remarks>
    [Fact]
    public async Task Comparison_of_equal_sides_leaves_a_writer_nine_tenths_of_its_throughput()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var writer = new SteadyWriter(source.Port, LiveKeys);
        await FillAsync(source, target, writer);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var wrote = writer.RunAsync(writing.Token);
        var (with, without) = (new List<Figures>(), new List<Figures>());
        var (walked, compared) = (0L, 0L);
        for (var window = 0; window < Windows; window++)
        {
            var alone = await MeasureAsync(source, writer);
            await using var verifier = new ContinuousVerifier(
                VerifyPair.Connector(source.Endpoint, "source"),
                VerifyPair.Connector(target.Endpoint, "target"),
                new VerifyOptions { ExactExpiry = true },
                new TouchedWatch(Touched(writer)),
                TimeProvider.System
            );
            using var verifying = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var verified = verifier.RunAsync(verifying.Token);
            var beside = await MeasureAsync(source, writer);
            await verifying.CancelAsync();
            await verified;
            (walked, compared) = (walked + verifier.Walked, compared + LiveKeys - verifier.Coverage.Unproved);
            without.AddRange(alone);
            with.AddRange(beside);
        }

        await writing.CancelAsync();
        await wrote;
        var left = PerWrite(without) / PerWrite(with);
        var reached = with.Sum(static one => one.Writes) / (double)without.Sum(static one => one.Writes);
        var text =
            $"the source had {left:P1} of its time for the writer ({PerWrite(without) * 1e6:0.00} µs a write alone, {PerWrite(with) * 1e6:0.00} beside the comparison); "
            + $"the writer reached {reached:P1} ({Median(without):#,0} and {Median(with):#,0} writes a second), in its slowest tenth {Slowest(with) / Slowest(without):P1}; "
            + $"{walked:#,0} keys were walked over and {compared:#,0} touched ones compared meanwhile";
        output.WriteLine(text);
        Assert.True(walked > Windows * 100 && compared > Windows * 100, text);
        Assert.True(left > 0.9, text);
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

    private static async Task<Figures[]> MeasureAsync(RedisServer source, SteadyWriter writer)
    {
        using var process = Process.GetProcessById(source.ProcessId);
        var slices = new Figures[SlicesPerWindow];
        for (var i = 0; i < slices.Length; i++)
        {
            var (written, busy, since) = (writer.Written, Busy(process), Stopwatch.GetTimestamp());
            await Task.Delay(Slice, Stop);
            slices[i] = new Figures(writer.Written - written, Stopwatch.GetElapsedTime(since), Busy(process) - busy);
        }

        return slices;
    }

    private static TimeSpan Busy(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    private static double PerWrite(List<Figures> slices) =>
        slices.Sum(static one => one.Busy.TotalSeconds) / slices.Sum(static one => one.Writes);

    private static double Median(List<Figures> slices) => Quantile(slices, 0.5);

    private static double Slowest(List<Figures> slices) => Quantile(slices, 0.1);

    private static double Quantile(List<Figures> slices, double part)
    {
        double[] sorted = [.. slices.Select(static one => one.Writes / one.Elapsed.TotalSeconds).Order()];
        return sorted[(int)(part * (sorted.Length - 1))];
    }

    /// <summary>What happened in a short while.</summary>
    /// <param name="Writes">Writes that were answered.</param>
    /// <param name="Elapsed">How long it was.</param>
    /// <param name="Busy">Processor time of the source.</param>
    private readonly record struct Figures(long Writes, TimeSpan Elapsed, TimeSpan Busy);
}
