using Keyferry.Throttle;

namespace Keyferry.Tests.Throttle;

public sealed class LatencyGovernorTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(2);

    [Fact]
    public void A_source_within_its_budget_is_read_at_full_pace()
    {
        var governor = new LatencyGovernor();
        for (var i = 0; i < 50; i++)
        {
            governor.Look(TimeSpan.FromMilliseconds(1.9), Budget, used: 40_000);
        }

        Assert.Null(governor.Rate);
    }

    [Fact]
    public void The_brake_begins_at_what_was_taken()
    {
        var governor = new LatencyGovernor();
        governor.Look(TimeSpan.FromMilliseconds(3), Budget, used: 30_000);
        Assert.InRange(governor.Rate ?? 0, 10_000, 30_000);
    }

    /// <summary>A source whose waiting time grows with its load, as a queue's does.</summary>
    [Theory]
    [InlineData(0.1, 40_000)]
    [InlineData(0.3, 40_000)]
    [InlineData(0.55, 40_000)]
    [InlineData(0.3, 12_000)]
    public void A_queue_is_held_at_its_budget(double ownLoad, double capacity)
    {
        var governor = new LatencyGovernor();
        var (sum, count) = (0.0, 0);
        for (var look = 0; look < 400; look++)
        {
            var used = Math.Min(governor.Rate ?? double.MaxValue, capacity);
            var latency = LatencyAt(ownLoad + (used / capacity));
            governor.Look(TimeSpan.FromMilliseconds(latency), Budget, used);
            if (look >= 100)
            {
                (sum, count) = (sum + latency, count + 1);
            }
        }

        Assert.InRange(sum / count, Budget.TotalMilliseconds * 0.6, Budget.TotalMilliseconds * 1.1);
    }

    [Fact]
    public void A_source_that_is_slow_by_itself_is_still_read()
    {
        var governor = new LatencyGovernor();
        for (var i = 0; i < 200; i++)
        {
            governor.Look(TimeSpan.FromMilliseconds(50), Budget, governor.Rate ?? 20_000);
        }

        Assert.Equal(LatencyGovernor.Slowest, governor.Rate);
    }

    [Fact]
    public void The_brake_is_let_go_when_nothing_is_taken()
    {
        var governor = new LatencyGovernor();
        governor.Look(TimeSpan.FromMilliseconds(5), Budget, used: 30_000);
        for (var i = 0; i < 30; i++)
        {
            governor.Look(TimeSpan.FromMilliseconds(0.2), Budget, used: 0);
        }

        Assert.Null(governor.Rate);
    }

    /// <summary>Milliseconds: 0.3 at rest, and growing without end towards full load.</summary>
    private static double LatencyAt(double load) => 0.3 / (1 - Math.Min(0.99, load));
}
