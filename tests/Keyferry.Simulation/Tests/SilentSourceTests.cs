using Keyferry.Capture;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.World;
using Keyferry.State;

namespace Keyferry.Simulation.Tests;

/// <summary>A source that lets nobody read its notification flags, and counts nothing: what is noticed of flags that go, and what the run says of the rest.</summary>
public sealed class SilentSourceTests
{
    private const ulong Schedules = 10;

    private static readonly TimeSpan Off = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan On = TimeSpan.FromSeconds(7);

    /// <summary>Between two trials, so that only the test before a new connection of the capture can find it.</summary>
    [Fact]
    public void Flags_that_are_off_when_a_connection_is_renewed_are_a_gap()
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = WorldOf(seed);
            IReadOnlyList<string> left = ["not looked"];
            _ = world.Scheduler.Time.After(TimeSpan.FromSeconds(9.5), () => left = world.Differences(), "a look");

            var report = Run(world, static options => options with { CaptureMaximumAge = TimeSpan.FromSeconds(1) });

            Assert.Equal((seed, ""), (seed, string.Join("; ", left)));
            Assert.Equal((seed, Verdict.Equal), (seed, report.Verdict));
        }
    }

    /// <summary>Without that nothing tells: what was lost is found by the comparison, and the report names what it takes for granted.</summary>
    [Fact]
    public void What_nothing_tells_is_named()
    {
        var report = Run(WorldOf(seed: 1), static options => options);

        Assert.Contains("off and on again within 10 s", Assert.Single(report.Premises), StringComparison.Ordinal);
        var counting = WorldOf(seed: 1, counts: true);
        Assert.Empty(Run(counting, static options => options).Premises);
    }

    /// <summary>Flags that may be read are read every second; who sets them meanwhile is counted, before 7.0 with those who read.</summary>
    [Theory]
    [InlineData("6.2.14", true, false)]
    [InlineData("6.2.14", false, true)]
    [InlineData("7.0.15", false, true)]
    [InlineData("7.0.15", true, false)]
    public void What_is_not_read_often_enough_is_named(string version, bool counts, bool isNamed)
    {
        var source = new ServerOptions
        {
            CountsCommands = counts,
            EventFlags = "AE",
            Version = version,
        };
        var world = new SimWorld(1, SimProfiles.Calm with { Writes = 0, Busy = TimeSpan.Zero, Source = source });

        var premises = Run(world, static options => options).Premises;

        Assert.Equal(isNamed, premises.Any(static premise => premise.Contains("off and on again within 1 s", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_source_that_stays_silent_is_not_called_equal()
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = WorldOf(seed, on: false);

            var report = Run(world, static options => options);

            Assert.Equal((seed, Verdict.NotProved), (seed, report.Verdict));
            Assert.True(report.Progress.Gaps > 0, $"seed {seed}: no gap");
        }
    }

    private static SimWorld WorldOf(ulong seed, bool counts = false, bool on = true)
    {
        var source = new ServerOptions
        {
            CountsCommands = counts,
            EventFlags = "AE",
            Denied = new HashSet<string>(StringComparer.Ordinal) { "config" },
        };
        var world = new SimWorld(seed, SimProfiles.Calm with { Writes = 0, Busy = TimeSpan.Zero, Source = source });
        At(Off, "CONFIG", "SET", "notify-keyspace-events", "");
        At(Off * 1.5, "SET", "unheard", "1");
        if (on)
        {
            At(On, "CONFIG", "SET", "notify-keyspace-events", "AE");
        }

        return world;

        void At(TimeSpan when, params Blob[] command) =>
            world.Scheduler.Time.After(when, () => _ = world.Source.Execute(command), command[0].ToString());
    }

    private static MigrationReport Run(SimWorld world, Func<MigrationOptions, MigrationOptions> adjust)
    {
        MigrationReport? report = null;
        world.Scheduler.Run(async () =>
        {
            world.Begin();
            using var store = new MemoryRunStore(world.Time);
            using var finish = new CancellationTokenSource();
            var options = adjust(
                new MigrationOptions
                {
                    Source = SimWorld.SourceEndpoint,
                    Target = SimWorld.TargetEndpoint,
                    Capture = CaptureKind.Notifications,
                }
            );
            var run = new MigrationRun(options, world.Network, store, new Silent(), world.Time).RunAsync(
                finish.Token,
                CancellationToken.None
            );
            await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(20), world.Time));
            finish.Cancel();
            report = await run;
        });
        return report ?? throw new InvalidOperationException("the run gave no report");
    }

    private sealed class Silent : IRunObserver
    {
        public void On(RunEvent happened)
        {
            // Only the end matters here.
        }
    }
}
