using CsCheck;
using Keyferry.Notifications;

namespace Keyferry.Tests.Notifications;

public sealed class NotificationFlagsTests
{
    private static readonly Gen<string> Texts = Gen.Char["KEg$lshzxetdmnocA?"].Array[0, 12].Select(static letters => new string(letters));
    private static readonly Gen<NotificationFlags> Sets = Texts.Select(NotificationFlags.Parse);

    [Theory]
    [InlineData("AKE", "KEA", true)]
    [InlineData("KEA", "AKE", true)]
    [InlineData("AKE", "Ex", true)]
    [InlineData("AE", "AK", false)]
    [InlineData("g$lshzxetdE", "AE", true)]
    [InlineData("g$lshzxeE", "AE", false)]
    [InlineData("", "", true)]
    [InlineData("AKE", "AKEm", false)]
    public void Values_are_compared_as_sets(string one, string other, bool covers) =>
        Assert.Equal(covers, NotificationFlags.Parse(one).Covers(NotificationFlags.Parse(other)));

    [Theory]
    [InlineData("", "AE", "AE")]
    [InlineData("Ex", "AE", "AE")]
    [InlineData("K$", "AK", "AK")]
    [InlineData("KEmn", "AE", "AKEmn")]
    [InlineData("Knoc", "AK", "AKnoc")]
    [InlineData("m", "AE", "AEm")]
    [InlineData("Eq", "AE", "AEq")]
    public void Adding_takes_nothing_out(string before, string added, string wanted) =>
        Assert.Equal(wanted, NotificationFlags.Parse(before).Union(NotificationFlags.Parse(added)).ToConfigText());

    [Theory]
    [InlineData("", 'E')]
    [InlineData("A", 'E')]
    [InlineData("K$", 'K')]
    [InlineData("Ex", 'E')]
    [InlineData("KEA", 'E')]
    public void The_family_that_is_on_is_used(string flags, char family) =>
        Assert.Equal(family, NotificationFlags.Parse(flags).Family.Letter());

    [Theory]
    [InlineData("AKEm", "AKEmn", true)]
    [InlineData("AKEm", "KEAmnoc", true)]
    [InlineData("n", "n", true)]
    [InlineData("KE$", "KE$n", false)]
    [InlineData("AKE", "AE", false)]
    [InlineData("AE", "AEm", false)]
    [InlineData("", "", true)]
    public void Letters_that_servers_hide_beside_A_make_no_difference(string shown, string set, bool same) =>
        Assert.Equal(same, NotificationFlags.Parse(shown).IsShownFor(NotificationFlags.Parse(set)));

    [Theory]
    [InlineData("A", false)]
    [InlineData("KE", false)]
    [InlineData("Km", true)]
    [InlineData("Ex", true)]
    public void Without_family_or_class_nothing_is_sent(string flags, bool sends) =>
        Assert.Equal(sends, NotificationFlags.Parse(flags).SendsAnything);

    [Theory]
    [InlineData("K E")]
    [InlineData("KÄ")]
    [InlineData("K\n")]
    public void What_can_be_no_letter_is_refused(string text)
    {
        Assert.False(NotificationFlags.TryParse(text, out _));
        Assert.Throws<FormatException>(() => NotificationFlags.Parse(text));
    }

    [Fact]
    public void A_value_written_and_read_again_is_the_same_set() =>
        Sets.Sample(static flags => Assert.Equal(flags, NotificationFlags.Parse(flags.ToConfigText())));

    [Fact]
    public void Order_and_repetition_mean_nothing() =>
        Texts.Sample(static text =>
            Assert.Equal(NotificationFlags.Parse(text), NotificationFlags.Parse(new string([.. (text + text).Reverse()])))
        );

    [Fact]
    public void A_union_covers_both_and_nothing_else() =>
        Gen.Select(Sets, Sets)
            .Sample(
                static (one, other) =>
                {
                    var union = one.Union(other);
                    Assert.True(union.Covers(one) && union.Covers(other));
                    Assert.True(union.Without(one).Without(other).IsEmpty);
                    Assert.Equal(union, other.Union(one));
                    Assert.Equal(one.Covers(other), one.Union(other) == one);
                }
            );

    [Fact]
    public void What_is_needed_suffices_in_every_family_that_stands() =>
        Sets.Sample(static flags => Assert.True(flags.Union(NotificationFlags.Needed(flags.Family)).SendsAnything));

    [Fact]
    public void Every_letter_has_words()
    {
        var lines = FlagLetters.Explain(NotificationFlags.Parse("Kx$m"));
        Assert.Equal("KEg$lshzxetdm", string.Concat(lines.Select(static line => line.Letter)));
        Assert.Equal("Kx$m".Order(), lines.Where(static line => line.Set).Select(static line => line.Letter).Order());
        Assert.Equal("Kg$lshzxetd", string.Concat(lines.Where(static line => line.Needed).Select(static line => line.Letter)));
        Assert.All(
            "KEg$lshzxetdmnocA",
            static letter => Assert.DoesNotContain("not known", FlagLetters.Words(letter), StringComparison.Ordinal)
        );
    }
}
