using Keyferry.Servers;
using Keyferry.Transfer;

namespace Keyferry.Tests.Transfer;

public sealed class ExpiryShiftTests
{
    [Theory]
    [InlineData(0, 0, 1, 1, 0)]
    [InlineData(0, 100, 1, 1, 0)]
    [InlineData(0, 101, 1, 1, 101)]
    [InlineData(50, -50, 0, 0, 0)]
    [InlineData(5000, 0, 1, 1, -5000)]
    [InlineData(0, 300, 200, 100, 0)]
    [InlineData(0, 301, 200, 100, 301)]
    public void Clocks_that_agree_shift_nothing(int source, int target, int sourceNoise, int targetNoise, long expected)
    {
        var shift = new ExpiryShift(Offset(source, sourceNoise), Offset(target, targetNoise));

        Assert.Equal(expected, shift.Milliseconds);
        Assert.Equal(TimeSpan.FromMilliseconds(expected), shift.Shift);
        Assert.Equal(TimeSpan.FromMilliseconds(sourceNoise + targetNoise), shift.Uncertainty);
    }

    [Fact]
    public void A_shift_is_whole_milliseconds()
    {
        var shift = new ExpiryShift(default, new ClockOffset(TimeSpan.FromMicroseconds(250_600), TimeSpan.Zero));

        Assert.Equal(251, shift.Milliseconds);
        Assert.Equal(TimeSpan.FromMilliseconds(251), shift.Shift);
    }

    private static ClockOffset Offset(int ahead, int noise) => new(TimeSpan.FromMilliseconds(ahead), TimeSpan.FromMilliseconds(noise));
}
