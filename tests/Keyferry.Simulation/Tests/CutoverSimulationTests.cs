using Keyferry.Contracts;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Simulation.World;
using Keyferry.State;

namespace Keyferry.Simulation.Tests;

/// <summary>The handover of the application by the engine itself, thousands of times: no acknowledged write is lost without a word, there are never two owners, and after a step
/// that failed the source takes writes again, or the run says that nobody knows.</summary>
public sealed class CutoverSimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 40;

    /// <summary>Seeds of each world in a long test run.</summary>
    private const int ManySeeds = 2_000;

    [Fact]
    public void The_application_is_handed_over() => Run(HandoverProfiles.The_application_is_handed_over, Seeds);

    [Fact]
    public void Strangers_write_on_the_receiving_side() => Run(HandoverProfiles.Strangers_write_on_the_receiving_side, Seeds);

    [Fact]
    public void Strangers_write_while_there_is_trouble() => Run(HandoverProfiles.Strangers_write_while_there_is_trouble, Seeds);

    [Fact]
    public void The_handover_meets_trouble() => Run(HandoverProfiles.The_handover_meets_trouble, Seeds);

    [Fact]
    public void The_process_dies_in_the_handover() => Run(HandoverProfiles.The_process_dies_in_the_handover, Seeds);

    /// <summary>A process was killed behind its fence, and the next one finds a target that it cannot go on with: the source's clients do not wait for that.</summary>
    [Fact]
    public void A_resumed_run_lifts_the_fence_even_where_it_cannot_go_on()
    {
        var world = new SimWorld(1, HandoverProfiles.The_application_is_handed_over);
        using var store = new MemoryRunStore(world.Time);
        var run = store.BeginRun(
            new RunStart
            {
                Name = "killed",
                Source = $"{SimWorld.SourceEndpoint}",
                Target = $"{SimWorld.TargetEndpoint}",
                Mode = "live",
                Options = "Refuse",
            }
        );
        store.EnterPhase(run, Phase.Fencing, "cutover: fence");
        var fence = new FenceLease
        {
            Kind = FenceKind.Acl,
            User = "app",
            Commands = "+@all",
        };
        _ = store.RecordLease(fence.ToRecord(run, SimWorld.SourceEndpoint, "app: -@write"));
        world.Source.Access.Apply("app", "-@write");
        world.Target.IsReplica = true;
        var options = new MigrationOptions
        {
            Source = SimWorld.SourceEndpoint,
            Target = SimWorld.TargetEndpoint,
            Resume = true,
        };

        var refused = Assert.Throws<KeyferryException>(() =>
            world.Scheduler.Run(() =>
                new MigrationRun(options, world.Network, store, new SilentObserver(), world.Time).RunAsync(
                    CancellationToken.None,
                    CancellationToken.None
                )
            )
        );

        Assert.Contains("replica", refused.Saw, StringComparison.Ordinal);
        Assert.True(world.Source.TakesWrites);
        Assert.Empty(store.OpenLeases());
    }

    public static TheoryData<string> Worlds => [.. HandoverProfiles.All.Select(static profile => profile.Name)];

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Worlds))]
    public void Many_more_handovers(string world) =>
        Run(HandoverProfiles.All.Single(one => one.Name == world), ManySeeds, first: 10_000, Environment.ProcessorCount);

    private void Run(SimProfile profile, int seeds, ulong first = 1, int workers = 1)
    {
        var outcomes = SimRun.Many(profile, seeds, CutoverUnderTest.CutOverAsync, first, workers);
        var claims = outcomes.GroupBy(static outcome => outcome.Verdict.Claim).Select(static group => $"{group.Count()} {group.Key}");
        var counts = $"{profile.Name}: {outcomes.Count} seeds: {string.Join(", ", claims)}";
        output.WriteLine(counts);
        RunCounts.Tell(counts);
    }
}
