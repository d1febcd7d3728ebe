using CsCheck;
using Keyferry.Lanes;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Lanes;

public class LagWindowTests
{
    [Fact]
    public void A_step_is_never_wider_than_an_eighth_of_its_value() =>
        Gen.UInt.Sample(value =>
        {
            var upper = LagWindow.UpperEnd(LagWindow.StepOf(value));
            Assert.InRange(upper, value, (value * 1.125) + 1);
        });

    [Fact]
    public void Old_lags_are_forgotten()
    {
        var time = new FakeTimeProvider();
        var lags = new LagWindow(time);
        for (uint i = 1; i <= 100; i++)
        {
            lags.Add(i);
        }

        Assert.InRange(lags.Quantile(0.5).TotalMilliseconds, 50, 56);
        Assert.InRange(lags.Quantile(0.99).TotalMilliseconds, 99, 112);
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(TimeSpan.Zero, lags.Quantile(0.99));
    }
}
