using Keyferry.Cli.Input;

namespace Keyferry.Cli.Tests.Input;

public sealed class AmountsTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("2s", 2_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("5m", 300_000)]
    [InlineData("5min", 300_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("0s", 0)]
    public void A_duration_needs_its_unit(string text, int milliseconds)
    {
        Assert.True(Amounts.TryDuration(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1.2.3s")]
    [InlineData("5 days")]
    [InlineData("9999999h")]
    [InlineData("1S")]
    public void What_is_no_duration_is_not_taken(string text) => Assert.False(Amounts.TryDuration(text, out _));

    [Theory]
    [InlineData("64MB", 64_000_000)]
    [InlineData("64MiB", 67_108_864)]
    [InlineData("512kB", 512_000)]
    [InlineData("1gb", 1_000_000_000)]
    [InlineData("0.5GB", 500_000_000)]
    [InlineData("1000", 1000)]
    public void A_size_is_decimal_unless_it_says_otherwise(string text, long bytes)
    {
        Assert.True(Amounts.TrySize(text, out var size));
        Assert.Equal(bytes, size);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MB")]
    [InlineData("-1MB")]
    [InlineData("12 parsecs")]
    [InlineData("99999999GB")]
    public void What_is_no_size_is_not_taken(string text) => Assert.False(Amounts.TrySize(text, out _));
}
