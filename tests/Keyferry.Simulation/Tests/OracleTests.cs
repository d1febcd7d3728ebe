using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.World;

namespace Keyferry.Simulation.Tests;

/// <summary>What is taken for a lie, and what is not, once a program has said that both sides differ.</summary>
public sealed class OracleTests
{
    private static readonly SimProfile Nobody = SimProfiles.Calm with
    {
        Keys = 0,
        Writes = 0,
        MustBeEqual = false,
        NoticesEverything = false,
        Busy = TimeSpan.Zero,
    };

    [Fact]
    public void A_difference_that_expires_after_the_verdict_was_one() =>
        _ = SimRun.One(
            1,
            Nobody,
            static world =>
            {
                _ = world.Source.Execute("SET", "brief", "v", "PX", 5_000);
                return Task.FromResult(new SimVerdict(Claim.Different));
            }
        );

    /// <summary>What the program itself still had under way arrives: it should have waited for that.</summary>
    [Theory]
    [InlineData("expiring")]
    [InlineData("lasting")]
    public void A_difference_that_goes_because_a_write_arrives_late_was_none(string kind) =>
        Assert.Throws<SimulationFailedException>(() =>
            SimRun.One(
                1,
                Nobody,
                world =>
                {
                    Set(world.Source);
                    _ = world.Scheduler.Time.After(TimeSpan.FromSeconds(2), () => Set(world.Target), "a late write");
                    return Task.FromResult(new SimVerdict(Claim.Different));

                    void Set(Server.SimServer server)
                    {
                        _ = server.Execute("SET", "late", "v");
                        _ = kind == "expiring" ? server.Execute("PEXPIREAT", "late", 4_000_000_000_000) : "";
                    }
                }
            )
        );

    [Fact]
    public void A_difference_that_never_was_is_a_lie() =>
        Assert.Throws<SimulationFailedException>(() => SimRun.One(1, Nobody, static _ => Task.FromResult(new SimVerdict(Claim.Different))));
}
