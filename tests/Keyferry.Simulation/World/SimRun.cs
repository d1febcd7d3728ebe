using System.Collections.Concurrent;
using System.Globalization;
using Keyferry.Simulation.Scheduling;

namespace Keyferry.Simulation.World;

/// <summary>What one seed came to.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Verdict">What the program said.</param>
/// <param name="Trace">The digest of everything that happened.</param>
/// <param name="Steps">Scheduler steps.</param>
/// <param name="Faults">What went wrong on purpose.</param>
internal sealed record SimOutcome(ulong Seed, SimVerdict Verdict, ulong Trace, long Steps, IReadOnlyList<string> Faults);

/// <summary>Runs a program under test in simulated worlds and checks that it told the truth.</summary>
internal static class SimRun
{
    /// <summary>The environment variable that replays one seed; <c>./test --seed N</c> sets it.</summary>
    public const string SeedVariable = "KEYFERRY_SEED";

    /// <summary>The environment variable that says how many seeds to run.</summary>
    public const string SeedsVariable = "KEYFERRY_SEEDS";

    /// <summary>The environment variable that says how many seeds of each world to pass over: many seeds can be run in pieces.</summary>
    public const string SkipVariable = "KEYFERRY_SKIP";

    /// <summary>From the last question that a run which hears of no changes asks to its verdict.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(2);

    /// <summary>The environment variable that says how many failing seeds are enough.</summary>
    public const string FailuresVariable = "KEYFERRY_FAILURES";

    /// <summary>So many failing seeds are enough to look at.</summary>
    private const int MostFailures = 8;

    /// <summary>Runs many seeds, or the one that the environment asks for.</summary>
    /// <param name="profile">The worlds.</param>
    /// <param name="seeds">How many.</param>
    /// <param name="program">What is tried in them.</param>
    /// <param name="first">The first of the seeds.</param>
    /// <param name="workers">Simulations at a time; each has one thread, and none sees another.</param>
    /// <exception cref="SimulationFailedException">A seed failed; tells how to replay it.</exception>
    public static IReadOnlyList<SimOutcome> Many(
        SimProfile profile,
        int seeds,
        Func<SimWorld, Task<SimVerdict>> program,
        ulong first = 1,
        int workers = 1
    )
    {
        if (Number(SeedVariable) is { } only)
        {
            return [One(only, profile, program)];
        }

        seeds = (int)(Number(SeedsVariable) ?? (ulong)seeds);
        first += Number(SkipVariable) ?? 0;
        var enough = (int)(Number(FailuresVariable) ?? MostFailures);
        var outcomes = new ConcurrentBag<SimOutcome>();
        var failures = new ConcurrentBag<(ulong Seed, Exception Failure)>();
        _ = Parallel.For(
            0,
            seeds,
            new ParallelOptions { MaxDegreeOfParallelism = workers },
            (number, all) =>
            {
                var seed = first + (ulong)number;
                try
                {
                    outcomes.Add(One(seed, profile, program));
                }
                catch (SimulationFailedException failed)
                {
                    failures.Add((seed, failed));
                    if (failures.Count >= enough)
                    {
                        all.Stop();
                    }
                }
            }
        );
        return Judge([.. outcomes.OrderBy(static outcome => outcome.Seed)], [.. failures.OrderBy(static item => item.Seed)]);
    }

    private static IReadOnlyList<SimOutcome> Judge(List<SimOutcome> outcomes, List<(ulong Seed, Exception Failure)> failures)
    {
        return failures.Count == 0
            ? outcomes
            : throw new SimulationFailedException(
                $"{failures.Count} of {outcomes.Count + failures.Count} seeds failed: {string.Join(", ", failures.Select(static item => item.Seed))}.\n"
                    + string.Join('\n', failures.Skip(1).Select(static item => Headline(item.Failure)).Append(failures[0].Failure.Message))
            );
    }

    private static string Headline(Exception failed) =>
        string.Join(" ", failed.Message.Split('\n').Where((_, line) => line is 0 or 2 or 3 or 4 or 5));

    /// <summary>Runs one seed.</summary>
    /// <exception cref="SimulationFailedException">It hangs, fails, or did not tell the truth.</exception>
    public static SimOutcome One(ulong seed, SimProfile profile, Func<SimWorld, Task<SimVerdict>> program)
    {
        try
        {
            return Run(new SimWorld(seed, profile), program, out _);
        }
        catch (Exception failed)
        {
            // The same again, this time with its story.
            var world = new SimWorld(seed, profile, tellsStory: true);
            var verdict = new SimVerdict(Claim.Failed, "did not end");
            try
            {
                _ = Run(world, program, out verdict);
            }
            catch (Exception again)
            {
                throw new SimulationFailedException(Explain(world, verdict, again), again);
            }

            throw new SimulationFailedException(
                $"Seed {seed} of \"{profile.Name}\" failed once, and not when it was run again: {failed.Message}",
                failed
            );
        }
    }

    private static SimOutcome Run(SimWorld world, Func<SimWorld, Task<SimVerdict>> program, out SimVerdict verdict)
    {
        var said = verdict = new SimVerdict(Claim.Failed, "did not end");
        try
        {
            world.Scheduler.Run(async () =>
            {
                world.Begin();
                said = await program(world);
                world.Scheduler.Log($"VERDICT {said}");
                var at = world.Scheduler.Time.Elapsed;
                var passing = world.Passing();
                Check(world, said, "at the end", at);
                // What is still under way somewhere must not make the claim wrong later.
                await world.Quiet;
                await world.SettleAsync();
                if (said.Claim == Claim.Different && world.HasPassed(passing))
                {
                    // It was true when it was said, of keys that have expired since.
                    return;
                }

                Check(world, said, "after everything under way had arrived", at);
            });
        }
        finally
        {
            verdict = said;
        }

        return new SimOutcome(world.Seed, said, world.Scheduler.Trace.Value, world.Scheduler.Steps, world.Faults.Happened);
    }

    private static void Check(SimWorld world, SimVerdict verdict, string when, TimeSpan at)
    {
        if (world.Merges && world.Holdings.Trespasses(world.Target) is { Count: > 0 } trespasses)
        {
            throw new SimulationFailedException(
                $"{when}, {trespasses.Count} keys of the target that the source never had are not as they were:\n  {string.Join("\n  ", trespasses.Take(10))}"
            );
        }

        if (!world.HearsChanges && world.Workload.LastWrite > at - Moment)
        {
            // What it said holds for the moment before these writes.
            return;
        }

        if (world.IsHandedOver)
        {
            // What must be true then was checked at the moment of the handover.
            return;
        }

        var differences = world.Differences();
        if (verdict.Claim == Claim.Equal && differences.Count > 0)
        {
            throw new SimulationFailedException(
                $"It said Equal, and {when} {differences.Count} keys differ:\n  {string.Join("\n  ", differences.Take(10))}"
            );
        }

        if (verdict.Claim == Claim.Different && differences.Count == 0)
        {
            throw new SimulationFailedException($"It said Different, and {when} both sides are equal ({verdict.Why}).");
        }

        // Before 7.0 those who set flags hide among many who read them, and the run says so.
        var mayMiss = verdict.Provided.Contains("others ran CONFIG", StringComparison.Ordinal);
        if (world.Profile.NoticesEverything && !mayMiss && world.Unnoticed is { Count: > 0 } lost)
        {
            throw new SimulationFailedException(
                $"{lost.Count} keys differed before the proof, so a loss went unnoticed:\n  {string.Join("\n  ", lost.Take(10))}"
            );
        }

        if (world.Profile.MustBeEqual && verdict.Claim != Claim.Equal)
        {
            throw new SimulationFailedException(
                $"It said {verdict.Claim} where nothing excuses it: {verdict.Why} ({differences.Count} keys differ)."
            );
        }
    }

    private static string Explain(SimWorld world, SimVerdict verdict, Exception failed) =>
        $"""
            Seed {world.Seed} of "{world.Profile.Name}" failed. Replay it with
                ./test --seed {world.Seed} --filter {world.Profile.Name}
            {failed.Message}
            verdict: {verdict}
            faults: {string.Join(", ", world.Faults.Happened)}
            the last of what happened (virtual milliseconds):
            {string.Join('\n', world.Scheduler.Story(Number(SeedVariable) is null ? 100 : 2_000))}
            """;

    private static ulong? Number(string variable) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
