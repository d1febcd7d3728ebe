using Keyferry.Throttle;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Throttle;

public sealed class SourcePaceTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly PaceDial _dial = new();
    private readonly SourcePace _pace;

    public SourcePaceTests() => _pace = new SourcePace(_dial, _time);

    [Fact]
    public void Without_limits_everything_may_be_taken()
    {
        _pace.Took(1_000_000);
        _pace.Received(1L << 40);
        Assert.True(_pace.IsFree);
        Assert.Equal(512, _pace.MostChanged(512, 100));
        Assert.Equal(512, _pace.MostOffered(512, 100));
    }

    [Fact]
    public void Over_a_second_the_limit_on_keys_is_taken_and_no_more()
    {
        _dial.Limits = new PaceLimits { KeysPerSecond = 5000 };
        Assert.InRange(TakeFor(TimeSpan.FromSeconds(10), bytesPerKey: 100), 49_000, 50_600);
    }

    [Fact]
    public void Over_a_second_the_limit_on_bytes_is_taken_and_no_more()
    {
        _dial.Limits = new PaceLimits { BytesPerSecond = 1_000_000 };
        Assert.InRange(TakeFor(TimeSpan.FromSeconds(10), bytesPerKey: 5000), 1950, 2050);
    }

    [Fact]
    public void A_value_larger_than_the_limit_goes_and_is_waited_for()
    {
        _dial.Limits = new PaceLimits { BytesPerSecond = 1_000_000 };
        Assert.Equal(1, _pace.MostOffered(512, 5_000_000));
        _pace.Received(5_000_000);
        Assert.Equal(0, _pace.MostChanged(512, 100));
        _time.Advance(TimeSpan.FromSeconds(4.8));
        Assert.Equal(0, _pace.MostChanged(512, 100));
        _time.Advance(TimeSpan.FromSeconds(0.3));
        Assert.NotEqual(0, _pace.MostChanged(512, 100));
    }

    [Fact]
    public void Changes_do_not_wait_for_the_latency_budget_and_take_from_what_the_copy_may_have()
    {
        _dial.Limits = new PaceLimits { Latency = TimeSpan.FromMilliseconds(2) };
        _pace.Adapt(1000);
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal(512, _pace.MostChanged(512, 100));
            // Two thousand changes a second, at a rate of one thousand.
            _pace.Took(2);
            Assert.Equal(0, _pace.MostOffered(512, 100));
            _time.Advance(Step);
        }

        // The debt is bounded: a burst of changes does not stop the copy for long.
        _time.Advance(TimeSpan.FromSeconds(1.2));
        Assert.NotEqual(0, _pace.MostOffered(512, 100));
    }

    [Fact]
    public void The_adaptive_rate_is_kept()
    {
        _dial.Limits = new PaceLimits { Latency = TimeSpan.FromMilliseconds(2) };
        _pace.Adapt(3000);
        Assert.InRange(TakeFor(TimeSpan.FromSeconds(10), bytesPerKey: 0), 29_000, 30_300);
    }

    [Fact]
    public void A_limit_that_is_changed_counts_at_once()
    {
        _dial.Limits = new PaceLimits { KeysPerSecond = 10 };
        _pace.Took(1000);
        Assert.Equal(0, _pace.MostOffered(512, 100));
        _dial.Limits = PaceLimits.None;
        Assert.Equal(512, _pace.MostOffered(512, 100));
    }

    [Fact]
    public void Limits_are_set_aside_behind_a_fence()
    {
        _dial.Limits = new PaceLimits { KeysPerSecond = 10 };
        _pace.Took(1000);
        _pace.Suspend(true);
        Assert.Equal(512, _pace.MostChanged(512, 100));
        _pace.Suspend(false);
        Assert.Equal(0, _pace.MostChanged(512, 100));
    }

    private long TakeFor(TimeSpan span, int bytesPerKey)
    {
        var taken = 0L;
        for (var passed = TimeSpan.Zero; passed < span; passed += Step)
        {
            var now = _pace.MostOffered(512, Math.Max(1, bytesPerKey));
            _pace.Took(now);
            _pace.Received((long)now * bytesPerKey);
            taken += now;
            _time.Advance(Step);
        }

        return taken;
    }
}
