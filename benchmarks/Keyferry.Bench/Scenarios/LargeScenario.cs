using System.Diagnostics;
using Keyferry.Bench.Contenders;
using Keyferry.Bench.Load;
using Keyferry.Bench.Report;
using Keyferry.Bench.Running;

namespace Keyferry.Bench.Scenarios;

/// <summary>One very large list that is pushed to all the time, beside normal traffic: what the other keys' changes feel of it.</summary>
internal sealed class LargeScenario : IScenario
{
    private const int Elements = 1_000_000;
    private const int WritesPerSecond = 5000;
    private const string List = "keyferry-bench:list";
    private static readonly TimeSpan BetweenPushes = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Ramp = TimeSpan.FromSeconds(1);

    public string Name => "large";

    public async Task<IReadOnlyDictionary<string, Section>> RunAsync(Suite suite, CancellationToken stop)
    {
        var seconds = 4 * suite.Options.StepSeconds;
        var section = Suite.Begin(
            $"{PacedWriter.Keys:#,0} strings and a list of {Elements:#,0} elements, pushed to ten times a second; {WritesPerSecond:#,0} SET/s of 150 B "
                + $"to the strings; {seconds:0} s"
        );
        await using var source = await Server.StartAsync(stop);
        await Suite.AddLiveKeysAsync(source);
        for (var first = 0; first < Elements; first += 1000)
        {
            _ = await source
                .Link.Database()
                .ListRightPushAsync(
                    List,
                    [.. Enumerable.Range(first, 1000).Select(static i => (StackExchange.Redis.RedisValue)$"element {i}")]
                );
        }

        for (var run = 1; run <= suite.Options.Runs; run++)
        {
            foreach (var program in suite.Programs)
            {
                var figures = await FollowAsync(program, source, TimeSpan.FromSeconds(seconds), stop);
                section.Add(program.Name, figures);
                Suite.Say($"large, run {run} of {suite.Options.Runs}, {program.Name}: lag p99 {figures["lag p99 ms"]:0} ms");
            }
        }

        return new Dictionary<string, Section> { [Name] = section };
    }

    private static async Task<Figures> FollowAsync(KeyferryProgram program, Server source, TimeSpan duration, CancellationToken stop)
    {
        await using var target = await Suite.NewTargetAsync(stop);
        await using var follower = await program.FollowAsync(source, target);
        await follower.CopiedAsync(stop);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var probe = new LagProbe(source, target);
        Task[] work =
        [
            probe.RunAsync(end.Token),
            new PacedWriter(source.Port, WritesPerSecond).RunAsync(end.Token),
            PushAsync(source, end.Token),
        ];
        await Task.Delay(Ramp, stop);
        var moves = CountMovesAsync(target, end.Token);
        var meter = await Meter.BeginAsync(source, target, follower.Tool);
        var began = Stopwatch.GetTimestamp();
        await Task.Delay(duration, stop);
        var ended = Stopwatch.GetTimestamp();
        var figures = await meter.EndAsync(follower.Tool);
        await end.CancelAsync();
        await Task.WhenAll(work);
        var lags = probe.Between(began, ended);
        figures["lag p50 ms"] = Statistics.Percentile(lags, 0.5);
        figures["lag p99 ms"] = Statistics.Percentile(lags, 0.99);
        figures["lag max ms"] = Statistics.Percentile(lags, 1);
        figures["moves of the list"] = await moves;
        return figures;
    }

    /// <summary>How often the list changes on the target until <paramref name="stop"/>: each move brings it to another length.</summary>
    private static async Task<int> CountMovesAsync(Server target, CancellationToken stop)
    {
        var moves = -1;
        var before = -1L;
        while (!stop.IsCancellationRequested)
        {
            var length = await target.Link.Database().ListLengthAsync(List);
            (moves, before) = (length == before ? moves : moves + 1, length);
            await Task.Delay(Glance, CancellationToken.None);
        }

        return moves;
    }

    private static async Task PushAsync(Server source, CancellationToken stop)
    {
        try
        {
            using var beats = new PeriodicTimer(BetweenPushes);
            while (await beats.WaitForNextTickAsync(stop))
            {
                _ = await source.Link.Database().ListRightPushAsync(List, "one more");
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end that the caller asked for.
        }
    }
}
