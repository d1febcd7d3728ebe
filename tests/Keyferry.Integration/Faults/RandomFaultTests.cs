using System.Collections.Concurrent;
using Keyferry.Capture;
using Keyferry.Contracts;
using Keyferry.Integration.Load;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Integration.Faults;

/// <summary>Several faults at random moments, many runs: no wrong verdict in any of them.</summary>
/// <remarks><c>KEYFERRY_FAULT_RUNS</c> sets how many, <c>KEYFERRY_FAULT_SEED</c> the first seed, <c>KEYFERRY_FAULT_BENCHES</c> how many at a time; a failure prints the seed
/// to begin with.</remarks>
[Collection(nameof(LoadCollection))]
public sealed class RandomFaultTests(ITestOutputHelper output)
{
    private const int RunsOnOneBench = 10;

    /// <summary>So many wrong ones are enough to look at.</summary>
    private const int EnoughWrong = 3;

    /// <summary>Where reading leaves no trace (7.2 and newer), both sides are compared beside the run, too.</summary>
    private static readonly ServerKind[] Kinds = [ServerKind.Machine, ServerKind.Redis80, ServerKind.Valkey81];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task Verdict_is_true_in_a_few_random_runs() => RunManyAsync(firstSeed: 1, count: 6, benches: 1);

    [Fact]
    [Trait("Category", "Long")]
    public Task Verdict_is_true_in_five_hundred_random_runs() =>
        RunManyAsync((ulong)Number("KEYFERRY_FAULT_SEED", 1000), Number("KEYFERRY_FAULT_RUNS", 500), Number("KEYFERRY_FAULT_BENCHES", 3));

    /// <param name="firstSeed">The seed of the first run.</param>
    /// <param name="count">How many runs.</param>
    /// <param name="benches">Runs at a time, each with servers of its own: most of a run is waiting.</param>
    private async Task RunManyAsync(ulong firstSeed, int count, int benches)
    {
        var outcomes = new ConcurrentBag<(ulong Seed, string Verdict, string? Trouble)>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, (count + RunsOnOneBench - 1) / RunsOnOneBench),
            new ParallelOptions { MaxDegreeOfParallelism = benches, CancellationToken = Stop },
            async (part, _) =>
            {
                // Servers that have lived through many faults are renewed now and then, so that one run does not depend on all before it.
                var kind = Kinds[(int)((firstSeed / RunsOnOneBench) + (ulong)part) % Kinds.Length];
                await using var bench = await FaultBench.StartAsync(new KeySpace(Seed: firstSeed, Count: 400, Databases: 2), kind);
                for (var i = part * RunsOnOneBench; i < Math.Min((part + 1) * RunsOnOneBench, count); i++)
                {
                    if (outcomes.Count(static outcome => outcome.Trouble is not null) < EnoughWrong)
                    {
                        var seed = firstSeed + (ulong)i;
                        var (verdict, trouble) = await RunOneAsync(bench, seed);
                        outcomes.Add((seed, verdict, trouble));
                    }
                }
            }
        );
        foreach (
            var verdict in outcomes.GroupBy(static outcome => outcome.Verdict).OrderBy(static group => group.Key, StringComparer.Ordinal)
        )
        {
            output.WriteLine($"{verdict.Key}: {verdict.Count()}");
        }

        string[] wrong =
        [
            .. outcomes
                .Where(static outcome => outcome.Trouble is not null)
                .OrderBy(static outcome => outcome.Seed)
                .Select(static outcome => $"KEYFERRY_FAULT_SEED={outcome.Seed} KEYFERRY_FAULT_RUNS=1: {outcome.Trouble}"),
        ];
        var equal = outcomes.Count(static outcome => outcome is { Verdict: nameof(Verdict.Equal), Trouble: null });
        var counts =
            $"{outcomes.Count} random fault runs: {equal} equal, {outcomes.Count - equal - wrong.Length} truthful not-equal, {wrong.Length} wrong";
        output.WriteLine(counts);
        RunCounts.Tell(counts);
        Assert.True(wrong.Length == 0, string.Join("\n\n", wrong));
    }

    private static async Task<(string Verdict, string? Trouble)> RunOneAsync(FaultBench bench, ulong seed)
    {
        var dice = new Dice(seed);
        var hasLittle = false;
        var fromTheStart = dice.Chance(100);
        var last = dice.Chance(300) ? FaultKinds.Harmless[dice.Below(FaultKinds.Harmless.Count)] : null;
        var faults = Enumerable.Range(0, dice.Between(2, 4)).Select(_ => FaultKinds.All[dice.Below(FaultKinds.All.Count)]).ToArray();
        try
        {
            var outcome = await bench.RunAsync(
                seed,
                writesPerSecond: 1000,
                async stop =>
                {
                    if (!fromTheStart)
                    {
                        await bench.ReachAsync(Phase.Copying, stop);
                    }

                    await Task.WhenAll(faults.Select(fault => StrikeAsync(bench, fault, dice, 1500, stop)).ToArray());
                },
                Stop,
                adjust: options =>
                {
                    var varied = Varied(options, dice);
                    hasLittle = varied.Capture == CaptureKind.Tracking && varied.DirtyBudget < options.DirtyBudget;
                    return varied;
                },
                atTheEnd: last is null ? null : stop => StrikeAsync(bench, last, dice, 300, stop)
            );
            // A server that cannot be reached while the run is still being planned is told at once; on a busy machine a server may be late by itself.
            // Whoever switches the notifications off while the run tries them out is told, too; so is a target that is a replica just then.
            var mayFail =
                outcome.Failure is { Kind: FailureKind.Unreachable }
                || (
                    outcome.Failure is { Kind: FailureKind.Refused }
                    && faults.Any(static fault => fault.Name is "notifications off" or "target read-only")
                );
            // Tracking does not tell an expiry from a change, so that a tiny memory is too little for it for as long as keys expire; that is told, too.
            mayFail |= hasLittle && outcome.Report is { Verdict: Verdict.NotProved };
            var expected = mayFail || outcome.Report is { Verdict: Verdict.Equal };
            var verdict = outcome.Report?.Verdict.ToString() ?? outcome.Failure?.Kind.ToString() ?? "nothing";
            return (verdict, outcome.Lie is null && expected ? null : $"{outcome.Lie}\n{outcome}");
        }
        catch (Exception broken) when (broken is not OperationCanceledException)
        {
            return ("broken", $"{broken}\n{bench.Log}");
        }
    }

    /// <summary>Mostly the defaults; sometimes another capture, two connections for it, or more lanes.</summary>
    private static MigrationOptions Varied(MigrationOptions options, Dice dice) =>
        options with
        {
            Capture = dice.Chance(250) ? CaptureKind.Tracking : CaptureKind.Auto,
            RedundantCapture = dice.Chance(250),
            Lanes = dice.Chance(250) ? 3 : 1,
            DirtyBudget = dice.Chance(100) ? 16 * 1024 : options.DirtyBudget,
        };

    private static async Task StrikeAsync(FaultBench bench, Fault fault, Dice dice, int within, CancellationToken stop)
    {
        var (begin, time) = (TimeSpan.FromMilliseconds(dice.Below(within)), TimeSpan.FromMilliseconds(dice.Between(20, 1500)));
        if (dice.Chance(80))
        {
            time += fault.Least;
        }

        await Task.Delay(begin, stop);
        bench.Log.Add($"-- {fault}, {time.TotalMilliseconds:0} ms");
        try
        {
            await fault.StrikeAsync(bench, time, stop);
        }
        catch (Exception away) when (away is RedisException or TimeoutException)
        {
            // Another fault has taken the server away; what is half done is mended at the end.
            bench.Log.Add($"-- {fault} met {away.Message.Split('\n')[0]}");
        }

        bench.Log.Add($"-- {fault} is over");
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : otherwise;
}
