using System.Text;
using Keyferry.Model;

namespace Keyferry.Tests.Model;

public sealed class KeyNamesTests
{
    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("user:*", "user:1", true)]
    [InlineData("user:*", "users:1", false)]
    [InlineData("*:cart", "a:b:cart", true)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXbYbZ", false)]
    [InlineData("h?llo", "hello", true)]
    [InlineData("h?llo", "hllo", false)]
    [InlineData("h[ae]llo", "hallo", true)]
    [InlineData("h[^e]llo", "hello", false)]
    [InlineData("h[a-c]llo", "hbllo", true)]
    [InlineData("h[a-c]llo", "hdllo", false)]
    [InlineData("a\\*", "a*", true)]
    [InlineData("a\\*", "ab", false)]
    [InlineData("[\\]]", "]", true)]
    public void Patterns_are_those_of_the_servers(string pattern, string name, bool matches) =>
        Assert.Equal(matches, new KeyGlob(Encoding.UTF8.GetBytes(pattern)).Matches(Encoding.UTF8.GetBytes(name)));

    [Fact]
    public void A_pattern_of_many_stars_is_quick()
    {
        var name = Encoding.ASCII.GetBytes(new string('a', 5000));
        Assert.False(new KeyGlob("*a*a*a*a*a*a*a*a*b"u8.ToArray()).Matches(name));
    }

    [Fact]
    public void Excluding_counts_more()
    {
        var names = new KeyNames(["user:*"], ["*:cart"]);
        Assert.True(names.Cover("user:1"u8));
        Assert.False(names.Cover("user:1:cart"u8));
        Assert.False(names.Cover("order:1"u8));
        Assert.True(new KeyNames([], ["user:*"]).Cover("order:1"u8));
    }
}
