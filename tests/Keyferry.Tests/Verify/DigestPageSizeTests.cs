using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

/// <summary>Pages grow while values are small, shrink where they are large, and keep to what they may be at most.</summary>
public sealed class DigestPageSizeTests
{
    [Theory]
    [InlineData(128, 10_000, 512, 256)]
    [InlineData(512, 10_000, 512, 512)]
    [InlineData(512, 10_000, 1024, 1024)]
    [InlineData(256, 100_000, 512, 256)]
    [InlineData(1024, 100_000, 512, 512)]
    [InlineData(1024, 10_000, 512, 512)]
    [InlineData(1024, 300_000, 512, 512)]
    [InlineData(8, 300_000, 512, 8)]
    public void Next_page_follows_the_bytes_of_the_last(int page, long valueBytes, int largest, int next) =>
        Assert.Equal(next, DigestScript.NextPage(page, valueBytes, largest));
}
