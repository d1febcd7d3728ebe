using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Simulation.Network;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.World;
using Keyferry.State;

namespace Keyferry.Simulation.Tests;

/// <summary>Strings that are read and written many at a time. Nothing is compared here, so that what a run gets wrong stays.</summary>
public sealed class ShortStringTests
{
    private const ulong Schedules = 10;
    private const int Strings = 150;
    private const int Lists = 20;

    /// <summary>They were strings when the source told their size.</summary>
    [Fact]
    public void Keys_that_are_lists_or_gone_by_the_time_of_the_read_are_moved_as_that()
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = Fill(seed, new HashSet<string>());
            var reads = 0;
            world.Source.Executing = (client, command) =>
            {
                if (!Is(command, "mget") || command.Length < 4 || ++reads > 2)
                {
                    return;
                }

                _ = world.Source.Execute("DEL", command[1]);
                _ = world.Source.Execute("DEL", command[2]);
                _ = world.Source.Execute("RPUSH", command[2], "a", "b");
            };

            Copy(world);

            Assert.Equal((seed, ""), (seed, string.Join("; ", world.Differences())));
            Assert.True(reads > 2, $"seed {seed}: {reads} reads of more than two keys");
        }
    }

    /// <summary>It ceases to be a string between the questions of what it is and for its value, and is looked at meanwhile in another batch, which takes it away.</summary>
    [Fact]
    public void A_key_that_has_left_the_run_meanwhile_is_not_brought_back()
    {
        var turned = 0;
        for (var seed = 1UL; seed <= 4 * Schedules; seed++)
        {
            var world = Fill(seed, new HashSet<string>());
            world.Source.Executing = (client, command) =>
            {
                if (Is(command, "type") && ++turned % 3 == 0)
                {
                    var key = $"{command[1]}";
                    _ = world.Scheduler.Time.After(TimeSpan.FromMilliseconds(turned % 31), () => Turn(world, key), "turn");
                }
            };

            Run(
                world,
                new MigrationOptions
                {
                    Source = SimWorld.SourceEndpoint,
                    Target = SimWorld.TargetEndpoint,
                    Kinds = new KeyKinds { Types = ["string"] },
                    UntilIdle = TimeSpan.FromSeconds(2),
                    Verify = false,
                }
            );

            for (var i = 0; i < Strings; i++)
            {
                Assert.Equal((seed, i, Wanted(world.Source, i)), (seed, i, world.Target.Execute("GET", $"string:{i}")));
            }
        }

        // Of a list that the target has, GET answers with an error.
        static string Wanted(SimServer source, int i) =>
            source.Execute("GET", $"string:{i}") is var value && value.StartsWith('-') ? "$-1\r\n" : value;
    }

    [Fact]
    public void Who_may_not_use_mget_is_not_asked_to_and_gets_every_key()
    {
        var world = Fill(1, new HashSet<string> { "mget" });
        var asked = new List<string>();
        world.Source.Executing = (client, command) => asked.AddRange(Is(command, "mget") ? [$"{client.Name}"] : []);

        Copy(world);

        Assert.Equal("", string.Join("; ", world.Differences()));
        Assert.Equal(("plan", 1), (asked[0].Split(':')[^1], asked.Count));
    }

    /// <summary>The rights are those of another node now, or somebody has changed them.</summary>
    [Fact]
    public void Who_may_not_use_mget_any_more_gets_every_key_all_the_same()
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var denied = new HashSet<string>();
            var world = Fill(seed, denied);
            var refused = 0;
            world.Source.Executing = (client, command) =>
            {
                if (Is(command, "mget") && command.Length > 2)
                {
                    _ = denied.Add("mget");
                    refused++;
                }
            };

            Copy(world);

            Assert.Equal((seed, ""), (seed, string.Join("; ", world.Differences())));
            Assert.InRange(refused, 1, 10);
        }
    }

    [Fact]
    public void A_target_that_permits_no_mset_gets_every_string_by_itself()
    {
        var world = Fill(1, new HashSet<string>(), new HashSet<string> { "mset" });
        var asked = new List<string>();
        world.Target.Executing = (client, command) => asked.AddRange(Is(command, "mset") ? [$"{client.Name}"] : []);

        Copy(world);

        Assert.Equal("", string.Join("; ", world.Differences()));
        Assert.Equal(("plan", 1), (asked[0].Split(':')[^1], asked.Count));
    }

    /// <summary>Whom the refusal is about is not told, so that it must not count for any of the keys as done.</summary>
    [Fact]
    public void A_target_that_refuses_mset_from_some_time_on_gets_every_key_all_the_same()
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var denied = new HashSet<string>();
            var world = Fill(seed, new HashSet<string>(), denied);
            var (together, refused) = (0, 0);
            world.Target.Executing = (client, command) =>
            {
                if (!Is(command, "mset") || command.Length <= 4)
                {
                    return;
                }

                if (++together > 3)
                {
                    _ = denied.Add("mset");
                    refused++;
                }
            };

            Copy(world);

            Assert.Equal((seed, ""), (seed, string.Join("; ", world.Differences())));
            Assert.InRange(refused, 1, 12);
        }
    }

    private static bool Is(Blob[] command, string name) => string.Equals($"{command[0]}", name, StringComparison.OrdinalIgnoreCase);

    private static SimWorld Fill(ulong seed, HashSet<string> denied, HashSet<string>? deniedOnTarget = null)
    {
        var world = new SimWorld(
            seed,
            SimProfiles.Calm with
            {
                Keys = 0,
                Writes = 0,
                Busy = TimeSpan.Zero,
                Source = new ServerOptions { Denied = denied },
                Target = new ServerOptions { Denied = deniedOnTarget ?? [] },
            }
        );
        for (var i = 0; i < Strings; i++)
        {
            _ = world.Source.Execute("SET", $"string:{i}", $"value {i}");
            _ = i % 3 == 0 ? world.Source.Execute("PEXPIRE", $"string:{i}", 1_000_000 + i) : "";
        }

        for (var i = 0; i < Lists; i++)
        {
            _ = world.Source.Execute("RPUSH", $"list:{i}", "a");
        }

        return world;
    }

    /// <summary>A string becomes a list.</summary>
    private static void Turn(SimWorld world, string key)
    {
        _ = world.Source.Execute("DEL", key);
        _ = world.Source.Execute("RPUSH", key, "a");
    }

    private static void Copy(SimWorld world) =>
        Run(
            world,
            new MigrationOptions
            {
                Source = SimWorld.SourceEndpoint,
                Target = SimWorld.TargetEndpoint,
                Mode = MigrationMode.Snapshot,
                Verify = false,
            }
        );

    private static void Run(SimWorld world, MigrationOptions options) =>
        world.Scheduler.Run(async () =>
        {
            world.Begin();
            using var store = new MemoryRunStore(world.Time);
            var run = new MigrationRun(options, world.Network, store, new SilentObserver(), world.Time);
            _ = await run.RunAsync(CancellationToken.None, CancellationToken.None);
        });
}
