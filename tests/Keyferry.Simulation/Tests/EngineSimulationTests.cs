using Keyferry.Capture;
using Keyferry.Simulation.World;

namespace Keyferry.Simulation.Tests;

/// <summary>The engine itself, thousands of times, in worlds where things go wrong.</summary>
public sealed class EngineSimulationTests(ITestOutputHelper output)
{
    private static readonly FaultKind[] _network =
    [
        FaultKind.Cut,
        FaultKind.Truncate,
        FaultKind.Stall,
        FaultKind.Slow,
        FaultKind.Refuse,
        FaultKind.DoubleMessages,
    ];

    private static readonly FaultKind[] _everything =
    [
        .. _network,
        FaultKind.StallForEver,
        FaultKind.Ignore,
        FaultKind.RestartSource,
        FaultKind.RestartTarget,
        FaultKind.FlagsOff,
        FaultKind.KillSubscribers,
        FaultKind.OutOfMemory,
        FaultKind.ReadOnly,
    ];

    [Fact]
    public void Calm() => Run(new SimProfile { Name = nameof(Calm), MustBeEqual = true }, 20);

    [Fact]
    public void Broken_networks() =>
        Run(
            new SimProfile
            {
                Name = nameof(Broken_networks),
                Faults = 6,
                Kinds = _network,
            },
            40
        );

    [Fact]
    public void Everything_goes_wrong() =>
        Run(
            new SimProfile
            {
                Name = nameof(Everything_goes_wrong),
                Faults = 5,
                Kinds = _everything,
                Flushes = true,
                Streams = true,
            },
            40
        );

    [Fact]
    public void All_captures_on_all_kinds_of_servers() =>
        Run(
            new SimProfile
            {
                Name = nameof(All_captures_on_all_kinds_of_servers),
                Faults = 5,
                Kinds = _everything,
                Flushes = true,
                Streams = true,
                Varies = true,
                Captures = [CaptureKind.Auto, CaptureKind.Notifications, CaptureKind.Tracking, CaptureKind.Polling],
            },
            40
        );

    [Fact]
    public void Faults_from_the_first_moment() =>
        Run(
            new SimProfile
            {
                Name = nameof(Faults_from_the_first_moment),
                Keys = 10,
                Writes = 20,
                Busy = TimeSpan.FromMilliseconds(200),
                Faults = 5,
                Kinds = _everything,
                Streams = true,
                Captures = [CaptureKind.Auto, CaptureKind.Notifications, CaptureKind.Tracking, CaptureKind.Polling],
            },
            60
        );

    [Fact]
    public void The_target_restarts_empty() =>
        Run(
            new SimProfile
            {
                Name = nameof(The_target_restarts_empty),
                Faults = 3,
                Kinds = [FaultKind.EmptyTarget, FaultKind.Cut],
            },
            20
        );

    [Fact]
    public void Little_memory() =>
        Run(
            new SimProfile
            {
                Name = nameof(Little_memory),
                Faults = 3,
                Kinds = _network,
                Writes = 600,
                DirtyBudget = 4096,
            },
            20
        );

    [Fact]
    public void The_same_seed_ends_the_same_to_the_last_byte()
    {
        var profile = new SimProfile
        {
            Name = "replay",
            Faults = 5,
            Kinds = _everything,
        };
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
