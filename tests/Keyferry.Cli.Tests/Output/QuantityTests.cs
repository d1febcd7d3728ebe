using Keyferry.Cli.Output;

namespace Keyferry.Cli.Tests.Output;

public sealed class QuantityTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1_000, "1.0 kB")]
    [InlineData(9_949, "9.9 kB")]
    [InlineData(9_960, "10 kB")]
    [InlineData(999_600, "1.0 MB")]
    [InlineData(64_000_000, "64 MB")]
    [InlineData(41_200_000_000, "41 GB")]
    [InlineData(2_500_000_000_000, "2.5 TB")]
    public void Bytes_are_decimal(double bytes, string shown) => Assert.Equal(shown, Quantity.Bytes(bytes));

    [Theory]
    [InlineData(-5, "0 ms")]
    [InlineData(3, "3 ms")]
    [InlineData(41, "41 ms")]
    [InlineData(99.6, "0.1 s")]
    [InlineData(400, "0.4 s")]
    [InlineData(9_960, "10 s")]
    [InlineData(59_600, "1 min 0 s")]
    [InlineData(724_000, "12 min 4 s")]
    [InlineData(3_600_000, "1 h 0 min")]
    [InlineData(90_000_000, "1 d 1 h")]
    public void Durations_have_the_digits_that_matter(double milliseconds, string shown) =>
        Assert.Equal(shown, Quantity.Duration(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(0, "0/s")]
    [InlineData(0.4, "0.4/s")]
    [InlineData(3, "3/s")]
    [InlineData(812.4, "812/s")]
    [InlineData(84_099.2, "84,099/s")]
    public void Rates_are_per_second(double perSecond, string shown) => Assert.Equal(shown, Quantity.Rate(perSecond));

    [Theory]
    [InlineData(0, 0, "0 %")]
    [InlineData(999, 1000, "99 %")]
    [InlineData(1000, 1000, "100 %")]
    [InlineData(1200, 1000, "100 %")]
    public void What_is_not_complete_is_never_100_percent(long part, long whole, string shown) =>
        Assert.Equal(shown, Quantity.Percent(part, whole));

    [Theory]
    [InlineData(0, "no keys")]
    [InlineData(1, "1 key")]
    [InlineData(12_408_113, "12,408,113 keys")]
    public void Counts_have_groups_of_three(long number, string shown) => Assert.Equal(shown, Quantity.Of(number, "key"));
}
