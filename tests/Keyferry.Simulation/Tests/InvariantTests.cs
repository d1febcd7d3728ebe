using Keyferry.Capture;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Simulation.Network;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.World;
using Keyferry.State;

namespace Keyferry.Simulation.Tests;

/// <summary>What the engine does to the source, seen from the source, over many schedules.</summary>
public sealed class InvariantTests
{
    private const ulong Schedules = 20;

    [Theory]
    [InlineData("notifications", "psubscribe")]
    [InlineData("tracking", "client|tracking")]
    public void Nothing_is_scanned_before_the_capture_has_heard_its_probe(string capture, string listening)
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = new SimWorld(seed, SimProfiles.Calm);
            var (listens, probed, scannedBlind) = (false, false, false);
            world.Source.Executing = (_, command) =>
            {
                var name = $"{command[0]}";
                listens |= Is(name, listening) || (command.Length > 1 && Is($"{name}|{command[1]}", listening));
                probed |= listens && Is(name, "del") && $"{command[1]}".StartsWith("keyferry:{probe}", StringComparison.Ordinal);
                // The examination before the run tries whether SCAN is allowed, with a page of one key.
                scannedBlind |= Is(name, "scan") && $"{command[^1]}" != "1" && !(listens && probed);
            };

            var report = Run(world, options => options with { Capture = Enum.Parse<CaptureKind>(capture, ignoreCase: true) });

            Assert.Equal((seed, Verdict.Equal), (seed, report.Verdict));
            Assert.Equal((seed, true, true, false), (seed, listens, probed, scannedBlind));
        }
    }

    [Fact]
    public void A_source_that_tells_nothing_is_refused()
    {
        var world = new SimWorld(1, SimProfiles.Calm);
        world.Source.PubSub.Fate = static _ => MessageFate.Dropped;

        var refused = Assert.Throws<KeyferryException>(() => Run(world, static options => options));

        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("raises no events", refused.Saw, StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_that_has_keys_is_refused()
    {
        var world = new SimWorld(1, SimProfiles.Calm with { TargetHas = 5 });

        var refused = Assert.Throws<KeyferryException>(() => Run(world, static options => options));

        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("already has 5 keys", refused.Saw, StringComparison.Ordinal);
    }

    /// <summary>The clock goes on expiring keys while both sides are compared; nobody writes, so that nothing stands against saying that they are equal.</summary>
    [Theory]
    [InlineData("notifications")]
    [InlineData("tracking")]
    public void Keys_that_expire_all_the_time_do_not_keep_a_run_from_proving(string capture)
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var far = new NetworkProfile { LeastLatency = TimeSpan.FromMilliseconds(2), MostLatency = TimeSpan.FromMilliseconds(10) };
            var world = new SimWorld(seed, SimProfiles.Calm with { Writes = 1, Busy = TimeSpan.FromSeconds(3), Network = far });
            for (var i = 0; i < 600; i++)
            {
                _ = world.Source.Execute("SET", $"short:{i}", "v", "PX", 900 + (i * 20));
            }

            var report = Run(world, options => options with { Capture = Enum.Parse<CaptureKind>(capture, ignoreCase: true) });

            // It may be asked to end before it has copied anything.
            Assert.True(report.Verdict is Verdict.Equal or Verdict.Aborted, $"seed {seed}: {string.Join("; ", report.Reasons)}");
        }
    }

    /// <summary>Flags as they were, no key of ours, nothing used or changed by us; when the run ends as asked and when it is aborted.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_source_is_left_as_it_was_found(bool aborted)
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var source = new ServerOptions
            {
                Version = "7.2.4",
                PayloadVersion = 11,
                Missing = new HashSet<string>(),
                EventFlags = "Kx",
            };
            var target = source with { EventFlags = "" };
            var profile = SimProfiles.Calm with { Writes = 0, Busy = TimeSpan.Zero, Source = source, Target = target };
            var world = new SimWorld(seed, profile);
            using var abort = new CancellationTokenSource();
            var began = world.Source.Clock;

            _ = Run(
                world,
                static options => options,
                abort,
                phase =>
                    _ =
                        aborted && phase == Phase.Arming
                            ? world.Scheduler.Time.After(
                                world.Dice.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(30)),
                                abort.Cancel,
                                "abort"
                            )
                            : null
            );

            Assert.Equal((seed, "xK"), (seed, world.Source.Configuration.Events.ToString()));
            for (var database = 0; database < world.Source.Keyspace.Count; database++)
            {
                Assert.All(
                    world.Source.Keyspace[database].Keys,
                    pair =>
                    {
                        Assert.DoesNotContain("keyferry", $"{pair.Key}", StringComparison.Ordinal);
                        Assert.True(
                            pair.Value.UsedAt <= began,
                            $"seed {seed}: {pair.Key} was used {pair.Value.UsedAt - began} ms after the start"
                        );
                    }
                );
            }
        }
    }

    /// <summary>The connection breaks just when the flags are put back.</summary>
    [Fact]
    public void Flags_are_put_back_over_a_new_connection_where_the_first_one_breaks()
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = new SimWorld(seed, SimProfiles.Calm with { Writes = 0, Busy = TimeSpan.Zero });
            var breaks = 2;
            world.Source.Executing = (client, command) =>
            {
                if (Is($"{command[0]}", "config") && $"{client.Name}".EndsWith(":restore", StringComparison.Ordinal) && breaks-- > 0)
                {
                    client.Link?.Break(new Cut());
                }
            };

            var report = Run(world, static options => options);

            Assert.True(breaks < 0, $"seed {seed}: {string.Join("; ", report.Leases)}");
            Assert.Equal((seed, ""), (seed, world.Source.Configuration.Events.ToString()));
        }
    }

    /// <summary>Consumer groups change without an event, and the connection of the rescan that this asks for breaks: the gap stays open until another one has come through.</summary>
    [Fact]
    public void A_rescan_that_fails_leaves_its_gap_open()
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = new SimWorld(seed, SimProfiles.Calm with { Writes = 1, Busy = TimeSpan.FromSeconds(3) });
            _ = world.Source.Execute("XADD", "stream", "1-1", "f", "v");
            _ = world.Source.Execute("XADD", "stream", "1-2", "f", "v");
            _ = world.Source.Execute("XGROUP", "CREATE", "stream", "g", "0");
            // A consumer that is new would be told of.
            Read();
            _ = world.Scheduler.Time.After(TimeSpan.FromSeconds(1), Read, "silent change");
            var breaks = 1;
            world.Source.Executing = (client, command) =>
            {
                if (Is($"{command[0]}", "scan") && $"{client.Name}".EndsWith(":rescan", StringComparison.Ordinal) && breaks-- > 0)
                {
                    client.Link?.Break(new Cut());
                }
            };

            var report = Run(world, static options => options);

            if (report.Verdict != Verdict.Aborted)
            {
                Assert.True(breaks < 1, $"seed {seed}: there was no rescan");
                Assert.Equal((seed, Verdict.Equal, 0L), (seed, report.Verdict, report.Verify?.Repaired));
            }

            void Read()
            {
                _ = world.Source.Execute("SELECT", "0");
                var reply = world.Source.Execute("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "stream", ">");
                Assert.StartsWith("*", reply, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>A change is lost after its key was compared, and the loss is noticed before the comparison is over.</summary>
    [Fact]
    public void A_gap_during_the_proof_makes_it_begin_anew()
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = new SimWorld(seed, SimProfiles.Calm with { Writes = 1, Busy = TimeSpan.FromSeconds(3) });
            var (proving, lost) = (false, false);
            world.Source.Executing = (client, command) =>
            {
                // The first database has been compared when the comparison turns to the last one.
                if (
                    proving
                    && !lost
                    && $"{client.Name}".EndsWith(":verify", StringComparison.Ordinal)
                    && Is($"{command[0]} {command[^1]}", "select 5")
                )
                {
                    lost = true;
                    _ = world.Scheduler.Time.After(TimeSpan.FromMicroseconds(1), Lose, "a loss");
                }
            };

            var report = Run(world, static options => options, entered: phase => proving |= phase == Phase.Proving);

            Assert.True(lost || report.Verdict == Verdict.Aborted, $"seed {seed}: nothing was lost");
            Assert.True(
                report.Verdict != Verdict.Equal || world.Differences().Count == 0,
                $"seed {seed}: it said Equal, and {string.Join("; ", world.Differences())}"
            );

            void Lose()
            {
                world.Source.PubSub.Fate = static _ => MessageFate.Dropped;
                _ = world.Source.Execute("SELECT", "0");
                _ = world.Source.Execute("SET", "lost", "while both sides were compared");
                world.Source.PubSub.Fate = static _ => MessageFate.Delivered;
                _ = world.Source.Execute("CLIENT", "KILL", "TYPE", "pubsub");
            }
        }
    }

    /// <summary>Nobody writes, so that no lane meets the target: it is noticed all the same, and the target is filled again while the run follows.</summary>
    [Theory]
    [InlineData("notifications")]
    [InlineData("polling")]
    public void A_target_that_comes_back_empty_while_nobody_writes_is_filled_again(string capture)
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = new SimWorld(seed, SimProfiles.Calm with { Writes = 0 });
            _ = world.Scheduler.Time.After(
                TimeSpan.FromSeconds(20),
                () => world.Target.Restart(TimeSpan.FromMilliseconds(200), keepData: false),
                "the target comes back empty"
            );
            IReadOnlyList<string> left = ["not looked"];
            _ = world.Scheduler.Time.After(TimeSpan.FromSeconds(25), () => left = world.Differences(), "a look");

            var report = Run(
                world,
                // Its own passes come much later.
                options =>
                    options with
                    {
                        Capture = Enum.Parse<CaptureKind>(capture, ignoreCase: true),
                        PollInterval = TimeSpan.FromHours(1),
                    },
                until: TimeSpan.FromSeconds(30)
            );

            Assert.True(left.Count == 0, $"seed {seed}, five seconds later: {string.Join("; ", left)}");
            Assert.Equal((seed, Verdict.Equal), (seed, report.Verdict));
        }
    }

    private static bool Is(string word, string other) => string.Equals(word, other, StringComparison.OrdinalIgnoreCase);

    /// <summary>Migrates in the world, asks the run to end once the application is done, and returns the report.</summary>
    private static MigrationReport Run(
        SimWorld world,
        Func<MigrationOptions, MigrationOptions> adjust,
        CancellationTokenSource? abort = null,
        Action<Phase>? entered = null,
        TimeSpan until = default
    )
    {
        MigrationReport? report = null;
        world.Scheduler.Run(async () =>
        {
            world.Begin();
            using var store = new MemoryRunStore(world.Time);
            using var finish = new CancellationTokenSource();
            var options = adjust(new MigrationOptions { Source = SimWorld.SourceEndpoint, Target = SimWorld.TargetEndpoint });
            // The clock moves on, so that a use by the run is later than the filling.
            await Task.Delay(TimeSpan.FromMilliseconds(10), world.Time);
            var run = new MigrationRun(options, world.Network, store, new Entering(entered), world.Time).RunAsync(
                finish.Token,
                abort?.Token ?? CancellationToken.None
            );
            var quiet = Task.WhenAll(world.Quiet, Task.Delay(until, world.Time));
            if (await Task.WhenAny(quiet, run) == quiet)
            {
                await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(1), world.Time));
                finish.Cancel();
            }

            report = await run;
        });
        return report ?? throw new InvalidOperationException("the run gave no report");
    }

    /// <summary>Acts when the run enters a phase.</summary>
    private sealed class Entering(Action<Phase>? entered) : IRunObserver
    {
        public void On(RunEvent happened)
        {
            if (happened is RunEvent.PhaseEntered { Phase: var phase })
            {
                entered?.Invoke(phase);
            }
        }
    }
}
