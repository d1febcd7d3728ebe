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

    /// <summary>However often it is found out meanwhile. What was not heard until the end is on the other side when the gap is closed.</summary>
    [Fact]
    public void A_source_that_is_silent_for_a_while_is_one_gap_from_its_beginning_to_its_end()
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = WorldOf(seed, on: TimeSpan.FromSeconds(44), off: TimeSpan.FromSeconds(5));
            _ = world.Scheduler.Time.After(TimeSpan.FromSeconds(43), () => _ = world.Source.Execute("SET", "late", "1"), "late");
            List<RunEvent> told = [];
            IReadOnlyList<string> left = ["not closed"];
            var observer = new Told(happened =>
            {
                told.Add(happened);
                left = happened is RunEvent.GapClosed ? world.Differences() : left;
            });

            var report = Run(world, static options => options, TimeSpan.FromSeconds(70), observer);

            Assert.Equal((seed, Verdict.Equal, 1), (seed, report.Verdict, report.Progress.Gaps));
            Assert.Equal((seed, ""), (seed, string.Join("; ", left)));
            var opened = Assert.Single(told.OfType<RunEvent.GapOpened>());
            Assert.Contains("does not tell of every change any more, and last did at", opened.Reason, StringComparison.Ordinal);
            var over = Assert.Single(told.OfType<RunEvent.Note>(), static note => note.Text.StartsWith("Gap 1:", StringComparison.Ordinal));
            Assert.Matches("did not tell of every change between .+Z and .+Z: ", over.Text);
            Assert.InRange(
                Assert.Single(told.OfType<RunEvent.GapClosed>()).At - opened.At,
                TimeSpan.FromSeconds(29),
                TimeSpan.FromSeconds(50)
            );
        }
    }

    /// <summary>It would wait for ever.</summary>
    [Fact]
    public void A_source_that_stays_silent_does_not_keep_a_run_from_ending_when_it_is_idle()
    {
        var world = WorldOf(seed: 1, on: null);

        var report = Run(world, static options => options with { UntilIdle = TimeSpan.FromSeconds(15) }, TimeSpan.FromHours(1));

        Assert.Equal((Verdict.NotProved, 1), (report.Verdict, report.Progress.Gaps));
        Assert.InRange(world.Scheduler.Time.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(10));
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
            var world = WorldOf(seed, on: null);

            var report = Run(world, static options => options);

            Assert.Equal((seed, Verdict.NotProved), (seed, report.Verdict));
            Assert.True(report.Progress.Gaps > 0, $"seed {seed}: no gap");
        }
    }

    private static SimWorld WorldOf(ulong seed, bool counts = false) => WorldOf(seed, counts, Off, On);

    private static SimWorld WorldOf(ulong seed, TimeSpan? on, TimeSpan? off = null) => WorldOf(seed, counts: false, off ?? Off, on);

    private static SimWorld WorldOf(ulong seed, bool counts, TimeSpan off, TimeSpan? on)
    {
        var source = new ServerOptions
        {
            CountsCommands = counts,
            EventFlags = "AE",
            Denied = new HashSet<string>(StringComparer.Ordinal) { "config" },
        };
        var world = new SimWorld(seed, SimProfiles.Calm with { Writes = 0, Busy = TimeSpan.Zero, Source = source });
        At(off, "CONFIG", "SET", "notify-keyspace-events", "");
        At(off * 1.5, "SET", "unheard", "1");
        if (on is { } again)
        {
            At(again, "CONFIG", "SET", "notify-keyspace-events", "AE");
        }

        return world;

        void At(TimeSpan when, params Blob[] command) =>
            world.Scheduler.Time.After(when, () => _ = world.Source.Execute(command), command[0].ToString());
    }

    private static MigrationReport Run(
        SimWorld world,
        Func<MigrationOptions, MigrationOptions> adjust,
        TimeSpan? lasts = null,
        IRunObserver? observer = null
    )
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
            var run = new MigrationRun(options, world.Network, store, observer ?? new Told(static _ => { }), world.Time).RunAsync(
                finish.Token,
                CancellationToken.None
            );
            await Task.WhenAny(run, Task.Delay(lasts ?? TimeSpan.FromSeconds(20), world.Time));
            finish.Cancel();
            report = await run;
        });
        return report ?? throw new InvalidOperationException("the run gave no report");
    }

    private sealed class Told(Action<RunEvent> tell) : IRunObserver
    {
        public void On(RunEvent happened) => tell(happened);
    }
}
