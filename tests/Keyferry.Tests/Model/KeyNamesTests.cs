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

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("user:[abc", "within a [ that is not closed")]
    [InlineData("[^", "within a [ that is not closed")]
    [InlineData("[a\\]", "within a [ that is not closed")]
    [InlineData("user:\\", "behind a \\ that stands for nothing")]
    public void A_pattern_that_breaks_off_is_refused(string pattern, string says)
    {
        var refused = Assert.Throws<KeyferryException>(() => new KeyNames([pattern], []));

        Assert.Equal(FailureKind.Usage, refused.Kind);
        Assert.Contains(says, refused.Saw, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\\[", "[")]
    [InlineData("[[]", "[")]
    [InlineData("[\\]]", "]")]
    [InlineData("]", "]")]
    [InlineData("\\\\", "\\")]
    public void A_sign_may_stand_for_itself(string pattern, string name) =>
        Assert.True(new KeyNames([pattern], []).Cover(Encoding.UTF8.GetBytes(name)));
}
