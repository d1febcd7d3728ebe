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

    /// <summary>Runs many seeds, or the one that the environment asks for.</summary>
    /// <exception cref="SimulationFailedException">A seed failed; tells how to replay it.</exception>
    public static IReadOnlyList<SimOutcome> Many(SimProfile profile, int seeds, Func<SimWorld, Task<SimVerdict>> program)
    {
        if (Number(SeedVariable) is { } only)
        {
            return [One(only, profile, program)];
        }

        seeds = (int)(Number(SeedsVariable) ?? (ulong)seeds);
        return [.. Enumerable.Range(1, seeds).Select(seed => One((ulong)seed, profile, program))];
    }

    /// <summary>Runs one seed.</summary>
    /// <exception cref="SimulationFailedException">It hangs, fails, or did not tell the truth.</exception>
    public static SimOutcome One(ulong seed, SimProfile profile, Func<SimWorld, Task<SimVerdict>> program)
    {
        var world = new SimWorld(seed, profile);
        var verdict = new SimVerdict(Claim.Failed, "did not end");
        try
        {
            world.Scheduler.Run(async () =>
            {
                world.Begin();
                verdict = await program(world);
                world.Scheduler.Log($"VERDICT {verdict}");
                Check(world, verdict, "at the end");
                // What is still under way somewhere must not make the claim wrong later.
                await world.Quiet;
                if (world.Workload.Done == world.Profile.Writes)
                {
                    await world.SettleAsync();
                    Check(world, verdict, "after everything under way had arrived");
                }
            });
        }
        catch (Exception failed)
        {
            throw new SimulationFailedException(Explain(world, verdict, failed), failed);
        }

        return new SimOutcome(seed, verdict, world.Scheduler.Trace.Value, world.Scheduler.Steps, world.Faults.Happened);
    }

    private static void Check(SimWorld world, SimVerdict verdict, string when)
    {
        var differences = SimOracle.Compare(world.Source, world.Target);
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
            {string.Join('\n', world.Scheduler.Story(150))}
            """;

    private static ulong? Number(string variable) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
