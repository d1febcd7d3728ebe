using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.State;

namespace Keyferry.Simulation.World;

/// <summary>The real engine in a simulated world: it follows until the application and the faults are over, and is then asked to end.</summary>
internal static class EngineUnderTest
{
    /// <summary>Migrates, live.</summary>
    public static async Task<SimVerdict> MigrateAsync(SimWorld world)
    {
        var options = new MigrationOptions
        {
            Source = SimWorld.SourceEndpoint,
            Target = SimWorld.TargetEndpoint,
            Lanes = world.Dice.Between(1, 3),
            DirtyBudget = world.Profile.DirtyBudget,
            Capture = world.Profile.Captures[world.Dice.Below(world.Profile.Captures.Count)],
            RedundantCapture = world.Profile.Captures.Count > 1 && world.Dice.Chance(0.3),
            PollInterval = TimeSpan.FromSeconds(world.Dice.Between(1, 10)),
        };
        world.Scheduler.Log($"options {options}");
        using var store = new MemoryRunStore(world.Time);
        using var finish = new CancellationTokenSource();
        var run = new MigrationRun(options, world.Network, store, new Story(world), world.Time);
        var running = run.RunAsync(finish.Token, CancellationToken.None);
        _ = EndAsync(world, running, finish);
        try
        {
            var report = await running;
            var claim = report.Verdict switch
            {
                Verdict.Equal => Claim.Equal,
                Verdict.Different => Claim.Different,
                _ => Claim.NotProved,
            };
            return new SimVerdict(claim, string.Join("; ", report.Reasons));
        }
        catch (KeyferryException failed)
        {
            return new SimVerdict(Claim.Failed, failed.Message);
        }
    }

    private static async Task EndAsync(SimWorld world, Task running, CancellationTokenSource finish)
    {
        await world.Quiet;
        await Task.Delay(world.Dice.Between(TimeSpan.Zero, TimeSpan.FromSeconds(2)), world.Time);
        if (!running.IsCompleted)
        {
            world.Scheduler.Log($"asked to end");
            finish.Cancel();
        }
    }

    private sealed class Story(SimWorld world) : IRunObserver
    {
        public void On(RunEvent happened)
        {
            world.Scheduler.Log($"engine {happened}");
            if (happened is RunEvent.PhaseEntered { Phase: Phase.Proving })
            {
                // Everything is drained and nobody writes: what differs now was lost without being noticed, and only the proof would find it.
                world.Unnoticed ??= SimOracle.Compare(world.Source, world.Target);
            }
        }
    }
}
