using Keyferry.Simulation.World;

namespace Keyferry.Simulation.Tests;

/// <summary>The engine itself, thousands of times, in worlds where things go wrong.</summary>
public sealed class EngineSimulationTests(ITestOutputHelper output)
{
    /// <summary>Seeds of each world in a usual test run.</summary>
    private const int Seeds = 250;

    /// <summary>Seeds of each world in a long one; the environment may ask for more.</summary>
    private const int ManySeeds = 3_000;

    [Fact]
    public void Calm() => Run(SimProfiles.Calm, Seeds);

    [Fact]
    public void Broken_networks() => Run(SimProfiles.Broken_networks, Seeds);

    [Fact]
    public void Everything_goes_wrong() => Run(SimProfiles.Everything_goes_wrong, Seeds);

    [Fact]
    public void All_captures_on_all_kinds_of_servers() => Run(SimProfiles.All_captures_on_all_kinds_of_servers, Seeds);

    [Fact]
    public void Faults_from_the_first_moment() => Run(SimProfiles.Faults_from_the_first_moment, Seeds);

    [Fact]
    public void The_target_restarts_empty() => Run(SimProfiles.The_target_restarts_empty, Seeds);

    [Fact]
    public void Little_memory() => Run(SimProfiles.Little_memory, Seeds);

    [Fact]
    [Trait("Category", "Long")]
    public void Many_more_seeds_of_every_world()
    {
        foreach (var profile in SimProfiles.All)
        {
            Run(profile, ManySeeds);
        }
    }

    [Fact]
    public void The_same_seed_ends_the_same_to_the_last_byte()
    {
        var profile = SimProfiles.Everything_goes_wrong;
        for (var seed = 1UL; seed <= 5; seed++)
        {
            var first = SimRun.One(seed, profile, EngineUnderTest.MigrateAsync);
            var second = SimRun.One(seed, profile, EngineUnderTest.MigrateAsync);
            Assert.Equal((first.Trace, first.Steps, first.Verdict), (second.Trace, second.Steps, second.Verdict));
        }
    }

    private void Run(SimProfile profile, int seeds)
    {
        var outcomes = SimRun.Many(profile, seeds, EngineUnderTest.MigrateAsync);
        var claims = outcomes.GroupBy(static outcome => outcome.Verdict.Claim).Select(static group => $"{group.Count()} {group.Key}");
        output.WriteLine(
            $"{profile.Name}: {outcomes.Count} seeds, {outcomes.Sum(static outcome => outcome.Steps)} steps: {string.Join(", ", claims)}"
        );
        foreach (var outcome in outcomes.Where(static outcome => outcome.Verdict.Claim != Claim.Equal).Take(10))
        {
            output.WriteLine($"  seed {outcome.Seed}: {outcome.Verdict}");
        }
    }
}
