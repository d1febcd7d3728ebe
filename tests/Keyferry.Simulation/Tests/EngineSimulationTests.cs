using Keyferry.Contracts;
using Keyferry.Simulation.World;

namespace Keyferry.Simulation.Tests;

/// <summary>The engine itself, thousands of times, in worlds where things go wrong.</summary>
public sealed class EngineSimulationTests(ITestOutputHelper output)
{
    /// <summary>Seeds of each world in a usual test run; the environment may ask for another number.</summary>
    private const int Seeds = 120;

    /// <summary>Seeds of each world in a long one.</summary>
    private const int ManySeeds = 800;

    /// <summary>Seeds of each world in a long one that make it small: over all worlds some two hundred thousand.</summary>
    private const int SmallSeeds = 11_200;

    [Fact]
    public void Calm() => Run(SimProfiles.Calm, Seeds);

    [Fact]
    public void Broken_networks() => Run(SimProfiles.Broken_networks, Seeds);

    [Fact]
    public void Everything_goes_wrong() => Run(SimProfiles.Everything_goes_wrong, Seeds);

    [Fact]
    public void All_captures_on_all_kinds_of_servers() => Run(SimProfiles.All_captures_on_all_kinds_of_servers, Seeds);

    [Fact]
    public void Read_slowly() => Run(SimProfiles.Read_slowly, Seeds);

    [Fact]
    public void Faults_from_the_first_moment() => Run(SimProfiles.Faults_from_the_first_moment, Seeds);

    [Fact]
    public void The_target_restarts_empty() => Run(SimProfiles.The_target_restarts_empty, Seeds);

    [Fact]
    public void Little_memory() => Run(SimProfiles.Little_memory, Seeds);

    [Fact]
    public void Killed_and_resumed() => Run(SimProfiles.Killed_and_resumed, Seeds);

    [Fact]
    public void The_source_fails_over() => Run(SimProfiles.The_source_fails_over, Seeds);

    [Fact]
    public void The_target_has_keys_of_its_own() => Run(SimProfiles.The_target_has_keys_of_its_own, Seeds);

    [Fact]
    public void A_snapshot_of_a_source_at_rest() => Run(SimProfiles.A_snapshot_of_a_source_at_rest, Seeds);

    [Fact]
    public void A_snapshot_of_a_busy_source() => Run(SimProfiles.A_snapshot_of_a_busy_source, Seeds);

    [Fact]
    public void Only_changes_are_moved() => Run(SimProfiles.Only_changes_are_moved, Seeds);

    [Fact]
    public void Nothing_is_heard() => Run(SimProfiles.Nothing_is_heard, Seeds);

    [Fact]
    public void Long_pauses() => Run(SimProfiles.Long_pauses, Seeds);

    [Fact]
    public void Hardly_any_memory() => Run(SimProfiles.Hardly_any_memory, Seeds);

    [Fact]
    public void Everything_at_once() => Run(SimProfiles.Everything_at_once, Seeds);

    [Fact]
    public void Only_some_kinds_are_moved() => Run(SimProfiles.Only_some_kinds_are_moved, Seeds);

    [Fact]
    public void Keys_are_called_otherwise_on_the_target() => Run(SimProfiles.Keys_are_called_otherwise_on_the_target, Seeds);

    [Fact]
    public void Idle_keys_are_left_out() => Run(SimProfiles.Idle_keys_are_left_out, Seeds);

    [Fact]
    public void Flags_that_cannot_be_read_go_and_come() => Run(FlagProfiles.Flags_that_cannot_be_read_go_and_come, Seeds);

    [Fact]
    public void Flags_go_and_come() => Run(FlagProfiles.Flags_go_and_come, Seeds);

    [Fact]
    public void Flags_that_cannot_be_read_go_and_nothing_counts_it() =>
        Run(FlagProfiles.Flags_that_cannot_be_read_go_and_nothing_counts_it, Seeds);

    /// <summary>Small worlds, in some of which a database's first keys come after the plan and before the capture.</summary>
    [Fact]
    public void Databases_come_into_use_while_the_run_begins() => Run(SimProfiles.Calm, Seeds * 5, first: SimProfile.SmallWorlds);

    private static IEnumerable<SimProfile> AllWorlds => SimProfiles.All.Concat(FlagProfiles.All);

    public static TheoryData<string> Worlds => [.. AllWorlds.Select(static profile => profile.Name)];

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Worlds))]
    public void Many_more_seeds(string world) => Run(Named(world), ManySeeds, first: 10_000, Environment.ProcessorCount);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Worlds))]
    public void Many_more_small_worlds(string world) =>
        Run(Named(world), SmallSeeds, first: SimProfile.SmallWorlds, Environment.ProcessorCount);

    [Fact]
    public void The_same_seed_ends_the_same_to_the_last_byte()
    {
        EndsTheSame(SimProfiles.Everything_goes_wrong);
        EndsTheSame(SimProfiles.Read_slowly);
    }

    private static SimProfile Named(string world) => AllWorlds.Single(one => one.Name == world);

    private static void EndsTheSame(SimProfile profile)
    {
        for (var seed = 1UL; seed <= 5; seed++)
        {
            var first = SimRun.One(seed, profile, EngineUnderTest.MigrateAsync);
            var second = SimRun.One(seed, profile, EngineUnderTest.MigrateAsync);
            Assert.Equal((first.Trace, first.Steps, first.Verdict), (second.Trace, second.Steps, second.Verdict));
        }
    }

    private void Run(SimProfile profile, int seeds, ulong first = 1, int workers = 1)
    {
        var outcomes = SimRun.Many(profile, seeds, EngineUnderTest.MigrateAsync, first, workers);
        var claims = outcomes.GroupBy(static outcome => outcome.Verdict.Claim).Select(static group => $"{group.Count()} {group.Key}");
        var counts =
            $"{profile.Name}: {outcomes.Count} seeds, {outcomes.Sum(static outcome => outcome.Steps)} steps: {string.Join(", ", claims)}";
        output.WriteLine(counts);
        RunCounts.Tell(counts);
        foreach (var outcome in outcomes.Where(static outcome => outcome.Verdict.Claim != Claim.Equal).Take(10))
        {
            output.WriteLine($"  seed {outcome.Seed}: {outcome.Verdict}");
        }
    }
}
