using Keyferry.Resp;
using Keyferry.Transfer;

namespace Keyferry.Tests.Transfer;

public sealed class ShortStringsTests
{
    [Fact]
    public void Small_values_are_expected_to_be_strings_until_they_are_not()
    {
        var strings = new ShortStrings(allowed: true);
        Assert.True(strings.Expects(1));
        Assert.True(strings.Expects(512));
        Assert.False(strings.Expects(513));
        // Not there, or not told.
        Assert.False(strings.Expects(-1));
        Assert.False(strings.Expects(0));

        strings.Learn(200, isString: false);

        Assert.False(strings.Expects(200));
        Assert.True(strings.Expects(100));
    }

    [Fact]
    public void What_was_of_late_counts()
    {
        var strings = new ShortStrings(allowed: true);
        Learn(1_000_000, isString: false);
        Learn(8, isString: true);
        Assert.True(strings.Expects(200));

        Learn(1_000_000, isString: true);
        Learn(8, isString: false);
        Assert.True(strings.Expects(200));
        Learn(1, isString: false);
        Assert.False(strings.Expects(200));

        void Learn(int times, bool isString)
        {
            for (var i = 0; i < times; i++)
            {
                strings.Learn(200, isString);
            }
        }
    }

    [Fact]
    public void Nobody_is_asked_who_must_not_be_or_has_refused()
    {
        Assert.False(new ShortStrings(allowed: false).Expects(100));
        var strings = new ShortStrings(allowed: true);

        Assert.Null(strings.FirstValue("-NOPERM no\r\n"u8, keys: 2));

        Assert.False(strings.Expects(100));
    }

    [Theory]
    [InlineData("*2\r\n$1\r\na\r\n$-1\r\n", true)]
    [InlineData("*1\r\n$1\r\na\r\n", false)]
    [InlineData("*3\r\n$1\r\na\r\n$-1\r\n$-1\r\n", false)]
    [InlineData("$2\r\nab\r\n", false)]
    public void There_is_a_value_for_each_key(string answer, bool fits)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(answer);
        var strings = new ShortStrings(allowed: true);
        if (fits)
        {
            Assert.Equal(4, strings.FirstValue(bytes, keys: 2));
        }
        else
        {
            Assert.Throws<RespProtocolException>(() => strings.FirstValue(bytes, keys: 2));
        }
    }
}
