using System.Diagnostics;
using Keyferry.Bench.Contenders;
using Keyferry.Bench.Load;
using Keyferry.Bench.Report;
using Keyferry.Bench.Running;

namespace Keyferry.Bench.Scenarios;

/// <summary>Writes at rising rates while a contender copies, and while it follows, until the lag stops being bounded.</summary>
internal sealed class LiveScenario : IScenario
{
    /// <summary>The lag is bounded while the last quarter of a step is no further behind than this, at the median.</summary>
    private const double BoundMilliseconds = 1000;

    /// <summary>And while the writer gets through nearly all that it wants to write.</summary>
    private const double LeastOfRate = 0.95;
    private static readonly TimeSpan SettleBudget = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Ramp = TimeSpan.FromSeconds(0.5);

    public string Name => "live";

    public async Task<IReadOnlyDictionary<string, Section>> RunAsync(Suite suite, CancellationToken stop)
    {
        await suite.AddLiveKeysAsync();
        var writes =
            $"{suite.KeysInWords} and {PacedWriter.Keys:#,0} strings; SET of 150 B to those, drawn evenly; {suite.Options.StepSeconds:0} s a step";
        var copying = Suite.Begin($"{writes}; lag of what was written between the start of the tool and the end of its first copy");
        var following = Suite.Begin($"{writes}; a contender goes on to the next rate as long as its lag is bounded");
        for (var run = 1; run <= suite.Options.Runs; run++)
        {
            foreach (var contender in suite.Contenders.Where(static contender => contender.CanFollow))
            {
                await using var target = await Suite.NewTargetAsync(stop);
                var probe = new LagProbe(suite.Source, target);
                using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
                var probing = probe.RunAsync(end.Token);
                await using (var follower = await CopyAsync(suite, contender, target, probe, copying, stop))
                {
                    foreach (var rate in suite.Options.Rates)
                    {
                        if (!await StepAsync(suite, contender, follower, target, probe, rate, following, stop))
                        {
                            break;
                        }
                    }
                }

                await end.CancelAsync();
                await probing;
            }
        }

        return new Dictionary<string, Section> { ["live-copying"] = copying, ["live-following"] = following };
    }

    private static async Task<IFollower> CopyAsync(
        Suite suite,
        IContender contender,
        Server target,
        LagProbe probe,
        Section section,
        CancellationToken stop
    )
    {
        var rate = suite.Options.RateWhileCopying;
        await using var load = new Writing(suite.Source.Port, rate);
        await Task.Delay(Ramp, stop);
        var began = Stopwatch.GetTimestamp();
        var meter = await Meter.BeginAsync(suite.Source, target);
        var follower = await contender.FollowAsync(suite.Source, target);
        await follower.CopiedAsync(stop);
        var ended = Stopwatch.GetTimestamp();
        var figures = await meter.EndAsync(follower.Tool);
        await load.EndAsync();
        await SettleAsync(probe, stop);
        AddLags(figures, probe.Between(began, ended));
        if (await follower.BeganAsync(stop) is { } scanned)
        {
            var since = (long)((TimeProvider.System.GetUtcNow() - scanned).TotalSeconds * Stopwatch.Frequency);
            figures["scan lag p99 ms"] = Statistics.Percentile(probe.Between(Stopwatch.GetTimestamp() - since, ended), 0.99);
        }

        section.Add($"{contender.Name} at {rate:#,0}/s", figures);
        Suite.Say($"{contender.Name} copies at {rate:#,0}/s: {figures["seconds"]:0.00} s, lag p99 {figures["lag p99 ms"]:0} ms");
        return follower;
    }

    /// <returns>Whether the lag was bounded.</returns>
    private static async Task<bool> StepAsync(
        Suite suite,
        IContender contender,
        IFollower follower,
        Server target,
        LagProbe probe,
        int rate,
        Section section,
        CancellationToken stop
    )
    {
        await using var load = new Writing(suite.Source.Port, rate);
        await Task.Delay(Ramp, stop);
        var answered = load.Answered;
        var meter = await Meter.BeginAsync(suite.Source, target, follower.Tool);
        var began = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(suite.Options.StepSeconds), stop);
        var ended = Stopwatch.GetTimestamp();
        var seconds = Stopwatch.GetElapsedTime(began, ended).TotalSeconds;
        var reached = (load.Answered - answered) / seconds;
        var figures = await meter.EndAsync(follower.Tool);
        await load.EndAsync();
        await SettleAsync(probe, stop);
        figures["writes/s"] = reached;
        AddLags(figures, probe.Between(began, ended));
        var atTheEnd = Statistics.Percentile(probe.Between(ended - ((ended - began) / 4), ended), 0.5);
        var bounded = atTheEnd < BoundMilliseconds && reached > rate * LeastOfRate;
        figures["bounded"] = bounded ? 1 : 0;
        section.Add($"{contender.Name} at {rate:#,0}/s", figures);
        Suite.Say(
            $"{contender.Name} at {rate:#,0}/s: {reached:0}/s, lag p99 {figures["lag p99 ms"]:0} ms, {(bounded ? "bounded" : "not bounded")}"
        );
        return bounded;
    }

    private static void AddLags(Figures figures, IReadOnlyList<double> lags)
    {
        figures["lag p50 ms"] = Statistics.Percentile(lags, 0.5);
        figures["lag p99 ms"] = Statistics.Percentile(lags, 0.99);
        figures["lag max ms"] = Statistics.Percentile(lags, 1);
    }

    /// <summary>Waits until what was written has arrived, so that no number still counts as younger than it will be.</summary>
    private static async Task SettleAsync(LagProbe probe, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        do
        {
            await Task.Delay(100, stop);
        } while (probe.Oldest > TimeSpan.FromMilliseconds(200) && Stopwatch.GetElapsedTime(began) < SettleBudget);
    }

    /// <summary>A writer at work until it is ended.</summary>
    private sealed class Writing : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly PacedWriter _writer;
        private readonly Task _running;

        public Writing(int port, int rate)
        {
            _writer = new PacedWriter(port, rate);
            _running = _writer.RunAsync(_end.Token);
        }

        public long Answered => _writer.Answered;

        public async Task EndAsync()
        {
            await _end.CancelAsync();
            await _running;
        }

        public async ValueTask DisposeAsync()
        {
            await EndAsync();
            _end.Dispose();
        }
    }
}
