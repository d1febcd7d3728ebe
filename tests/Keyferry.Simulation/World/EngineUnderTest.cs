using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Simulation.Scheduling;
using Keyferry.State;

namespace Keyferry.Simulation.World;

/// <summary>The real engine in a simulated world: it follows until the application and the faults are over, and is then asked to end. Where the profile wants it,
/// its process is killed on the way, and another one goes on with the run.</summary>
internal static class EngineUnderTest
{
    /// <summary>So long a run that was killed is given to come to its following again before it is asked to end.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(3);

    /// <summary>Migrates, live.</summary>
    public static async Task<SimVerdict> MigrateAsync(SimWorld world)
    {
        var options = OptionsOf(world);
        world.Scheduler.Log($"options {options}");
        world.Merges = options.TargetKeys == TargetKeys.Merge;
        world.HearsChanges = options.Mode != MigrationMode.Snapshot;
        using var store = new MemoryRunStore(world.Time);
        if (world.Profile.Crashes == 0 && world.Profile.Freezes == 0)
        {
            using var finish = new CancellationTokenSource();
            var run = new MigrationRun(options, world.Network, store, new Story(world), world.Time);
            var running = run.RunAsync(finish.Token, CancellationToken.None);
            _ = EndAsync(world, running, finish);
            return Checked(await VerdictOfAsync(running), store);
        }

        var dice = Dice.Fork(world.Seed, "process");
        for (var crashes = dice.Between(0, world.Profile.Crashes); ; crashes--)
        {
            if (await RunProcessAsync(world, options, store, dice, isLast: crashes <= 0) is { } verdict)
            {
                return Checked(verdict, store);
            }

            await Task.Delay(dice.Between(TimeSpan.Zero, TimeSpan.FromSeconds(dice.Pick(1, 20))), world.Time);
            // Killed before it had written down anything, there is nothing to go on with.
            options = options with
            {
                Resume = store.Runs().Count > 0,
            };
        }
    }

    /// <summary>Whichever process of the run has noticed it: nothing is still to be looked at when both sides are found equal.</summary>
    private static SimVerdict Checked(SimVerdict verdict, MemoryRunStore store)
    {
        if (verdict.Claim != Claim.Equal)
        {
            return verdict;
        }

        var run = store.Runs()[0].Id;
        var proving = store.Phases(run).Last(static entered => entered.Phase == Phase.Proving).Entered;
        return store.Gaps(run).FirstOrDefault(gap => gap.Closed is null && gap.Opened < proving) is { } open
            ? throw new SimulationFailedException(
                $"It said Equal, and a gap is open in the run's state: {open.Reason}, since {open.Opened:HH:mm:ss.fff}."
            )
            : verdict;
    }

    private static MigrationOptions OptionsOf(SimWorld world)
    {
        var profile = world.Profile;
        var options = new MigrationOptions
        {
            Source = SimWorld.SourceEndpoint,
            Target = SimWorld.TargetEndpoint,
            Lanes = world.Dice.Between(1, 3),
            DirtyBudget = profile.DirtyBudget,
            Capture = profile.Captures[world.Dice.Below(profile.Captures.Count)],
            RedundantCapture = profile.Captures.Count > 1 && world.Dice.Chance(0.3),
            PollInterval = TimeSpan.FromSeconds(world.Dice.Between(1, 10)),
            CaptureMaximumAge =
                world.Profile.Captures.Count > 1 && world.Dice.Chance(0.3) ? TimeSpan.FromSeconds(world.Dice.Between(1, 5)) : null,
        };
        if (profile.IsPaced)
        {
            options = options with
            {
                KeysPerSecond = world.Dice.Chance(0.5) ? world.Dice.Between(5, 500) : null,
                BytesPerSecond = world.Dice.Chance(0.5) ? world.Dice.Between(1_000, 100_000) : null,
                SourceLatencyBudget = world.Dice.Chance(0.7) ? TimeSpan.FromMilliseconds(world.Dice.Between(2, 20)) : null,
            };
        }

        return profile.Choice.Ask(options) with
        {
            Mode = profile.Modes[world.Dice.Below(profile.Modes.Count)],
            TargetKeys = profile.TargetKeys[world.Dice.Below(profile.TargetKeys.Count)],
        };
    }

    /// <summary>One process of the run.</summary>
    /// <returns>What the run said, or <see langword="null"/> where the process was killed before it said anything.</returns>
    private static async Task<SimVerdict?> RunProcessAsync(
        SimWorld world,
        MigrationOptions options,
        MemoryRunStore store,
        Dice dice,
        bool isLast
    )
    {
        var process = new SimProcess(world);
        using var finish = new CancellationTokenSource();
        Task<MigrationReport> running;
        try
        {
            var run = new MigrationRun(options, process, new ProcessStore(store, process), new Story(world, process), process);
            running = run.RunAsync(finish.Token, CancellationToken.None);
            _ = EndWhenFollowingAsync(world, process, run, running, finish);
        }
        catch (KeyferryException refused)
        {
            return new SimVerdict(Claim.Failed, refused.Message);
        }

        for (var freezes = dice.Between(0, world.Profile.Freezes); freezes > 0; freezes--)
        {
            var most = TimeSpan.FromMilliseconds(dice.Pick(100, 5_000, 100_000));
            _ = world.Scheduler.Time.After(
                dice.Between(TimeSpan.Zero, world.Profile.Busy * 1.5),
                () => process.Freeze(dice.Between(TimeSpan.Zero, most)),
                "freeze"
            );
        }

        if (isLast)
        {
            return await VerdictOfAsync(running);
        }

        // In the first moments as often as in the whole course.
        var lives = dice.Between(TimeSpan.Zero, TimeSpan.FromTicks((long)(world.Profile.Busy.Ticks * dice.Pick(0.002, 0.05, 1.3))));
        var ended = VerdictOfAsync(running);
        if (await Task.WhenAny(ended, Task.Delay(lives, world.Time)) == ended)
        {
            return await ended;
        }

        process.Kill(dice);
        return null;
    }

    private static async Task<SimVerdict> VerdictOfAsync(Task<MigrationReport> running)
    {
        try
        {
            var report = await running;
            var claim = report.Verdict switch
            {
                Verdict.Equal => Claim.Equal,
                Verdict.Different => Claim.Different,
                _ => Claim.NotProved,
            };
            return new SimVerdict(claim, string.Join("; ", report.Reasons), string.Join("; ", report.Premises));
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

    /// <summary>A process that has only just gone on with a run is not asked to end before it has copied everything.</summary>
    private static async Task EndWhenFollowingAsync(
        SimWorld world,
        SimProcess process,
        MigrationRun run,
        Task running,
        CancellationTokenSource finish
    )
    {
        await world.Quiet;
        for (var since = world.Scheduler.Time.Elapsed; world.Scheduler.Time.Elapsed - since < Recovery; )
        {
            await Task.Delay(TimeSpan.FromSeconds(1), world.Time);
            if (running.IsCompleted || process.IsKilled)
            {
                return;
            }

            if (run.Progress.Phase == Phase.Following)
            {
                break;
            }
        }

        world.Scheduler.Log($"asked to end");
        finish.Cancel();
    }

    private sealed class Story(SimWorld world, SimProcess? process = null) : IRunObserver
    {
        public void On(RunEvent happened)
        {
            if (process is { IsKilled: true })
            {
                return;
            }

            world.Scheduler.Log($"engine {happened}");
            if (happened is RunEvent.PhaseEntered { Phase: Phase.Proving })
            {
                // Everything is drained and nobody writes: what differs now was lost without being noticed, and only the proof would find it.
                world.Unnoticed ??= world.Differences();
            }
        }
    }
}
