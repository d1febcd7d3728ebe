using Keyferry.Capture;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.World;
using Keyferry.State;

namespace Keyferry.Simulation.Tests;

/// <summary>A cutover from a source that raises no event for some commands and does not count them either (some services leave that out of INFO): what both sides were
/// compared for before the fence does not hold for these, and they are looked at behind it.</summary>
public sealed class UncountedSourceTests
{
    private const ulong Schedules = 10;

    [Theory]
    [InlineData("XREADGROUP GROUP g c COUNT 1 STREAMS stream >", 1)]
    [InlineData("FLUSHALL", 2)]
    public void What_nothing_tells_of_is_on_the_target_when_the_clients_come(string command, int tries)
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var source = new ServerOptions { CountsCommands = false };
            var world = new SimWorld(seed, SimProfiles.Calm with { Writes = 0, Busy = TimeSpan.Zero, Source = source });
            Say("XADD stream 1-1 f v");
            Say("XADD stream 1-2 f v");
            Say("XGROUP CREATE stream g 0");
            // A consumer that is new would be told of.
            Say("XREADGROUP GROUP g c COUNT 1 STREAMS stream >");
            var (fenced, program) = (0, new Program(world));

            var report = Run(world, program, AtStep);

            Assert.Equal((seed, true), (seed, report.Cutover is not null));
            Assert.Equal((seed, tries, ""), (seed, fenced, string.Join("; ", program.Differing ?? ["not switched"])));

            void AtStep(string step, bool after)
            {
                if (step == "fence" && !after && ++fenced == 1)
                {
                    Say(command);
                }
            }

            void Say(string line) =>
                Assert.DoesNotContain(
                    "-ERR",
                    world.Source.Execute([.. line.Split(' ').Select(static word => (Blob)word)]),
                    StringComparison.Ordinal
                );
        }
    }

    private static MigrationReport Run(SimWorld world, Program program, Action<string, bool> atStep)
    {
        MigrationReport? report = null;
        world.Scheduler.Run(async () =>
        {
            world.Begin();
            using var store = new MemoryRunStore(world.Time);
            var options = new MigrationOptions
            {
                Source = SimWorld.SourceEndpoint,
                Target = SimWorld.TargetEndpoint,
                // Tracking would tell of a flush.
                Capture = CaptureKind.Notifications,
                Cutover = new CutoverOptions
                {
                    When = CutoverWhen.WhenReady,
                    Fence = FenceKind.Pause,
                    SwitchHook = "switch",
                    StepProbe = atStep,
                },
            };
            report = await new MigrationRun(options, world.Network, store, new SilentObserver(), world.Time, hooks: program).RunAsync(
                CancellationToken.None,
                CancellationToken.None
            );
        });
        return report ?? throw new InvalidOperationException("the run gave no report");
    }

    /// <summary>The program that switches, and looks what the target lacks then.</summary>
    private sealed class Program(SimWorld world) : IHookRunner
    {
        public IReadOnlyList<string>? Differing { get; private set; }

        public ValueTask<HookResult> RunAsync(
            string program,
            IReadOnlyDictionary<string, string> environment,
            TimeSpan patience,
            CancellationToken stop
        )
        {
            Differing = world.Differences();
            return ValueTask.FromResult(new HookResult(true, 0, ""));
        }
    }
}
