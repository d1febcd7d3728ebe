using Keyferry.Simulation.World;

namespace Keyferry.Simulation.Tests;

/// <summary>Invariant 11, seen from the target: when a lane writes, no earlier connection of the same lane is left there, from which an unanswered write could still be
/// executed; not of this process, and not of one that was killed.</summary>
public sealed class UnansweredWriteTests
{
    private const ulong Schedules = 40;

    [Fact]
    public void No_earlier_connection_of_a_lane_is_left_when_it_writes() => Watch(SimProfiles.Broken_networks);

    [Fact]
    public void No_connection_of_a_killed_process_is_left_when_the_next_one_writes() => Watch(SimProfiles.Killed_and_resumed);

    private static void Watch(SimProfile profile)
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = new SimWorld(seed, profile);
            var left = new List<string>();
            world.Target.Executing = (client, command) =>
            {
                var name = $"{client.Name}";
                if (
                    name.Contains(":lane", StringComparison.Ordinal)
                    && $"{command[0]}".ToUpperInvariant() is "RESTORE" or "MSET" or "UNLINK"
                )
                {
                    left.AddRange(
                        world
                            .Target.Clients.All.Where(other => other != client && $"{other.Name}" == name)
                            .Select(other => $"{name} #{other.Id} while #{client.Id} writes")
                    );
                }
            };
            world.Scheduler.Run(async () =>
            {
                world.Begin();
                _ = await EngineUnderTest.MigrateAsync(world);
            });
            Assert.True(left.Count == 0, $"seed {seed}: {left.FirstOrDefault()}");
        }
    }
}
