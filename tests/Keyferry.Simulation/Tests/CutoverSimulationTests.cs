using Keyferry.Simulation.World;

namespace Keyferry.Simulation.Tests;

/// <summary>The handover of the application by the engine itself, thousands of times: no acknowledged write is lost without a word, there are never two owners, and after a step
/// that failed the source takes writes again, or the run says that nobody knows.</summary>
public sealed class CutoverSimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 100;

    [Fact]
    public void The_application_is_handed_over() => Run(SimProfiles.The_application_is_handed_over, Seeds);

    [Fact]
    public void The_handover_meets_trouble() => Run(SimProfiles.The_handover_meets_trouble, Seeds);

    [Fact]
    public void The_process_dies_in_the_handover() => Run(SimProfiles.The_process_dies_in_the_handover, Seeds);

    private void Run(SimProfile profile, int seeds)
    {
        var outcomes = SimRun.Many(profile, seeds, CutoverUnderTest.CutOverAsync);
        var claims = outcomes.GroupBy(static outcome => outcome.Verdict.Claim).Select(static group => $"{group.Count()} {group.Key}");
        output.WriteLine($"{profile.Name}: {outcomes.Count} seeds: {string.Join(", ", claims)}");
    }
}
