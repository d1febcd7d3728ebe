using System.Text;
using Keyferry.Model;

namespace Keyferry.Tests.Model;

public sealed class KeyKindsTests
{
    [Fact]
    public void Without_a_choice_every_key_belongs_to_the_run()
    {
        Assert.True(KeyKinds.All.AreAll);
        Assert.Equal("", KeyKinds.All.Text);
        Assert.True(KeyKinds.All.CoverType("TSDB-TYPE"));
        Assert.True(KeyKinds.All.CoverType("hash"u8));
        Assert.True(KeyKinds.All.CoverSize(0));
        Assert.True(KeyKinds.All.CoverExpiry(true));
    }

    [Theory]
    [InlineData("string", "string", true)]
    [InlineData("string", "hash", false)]
    [InlineData("string,hash", "hash", true)]
    [InlineData("string", "TSDB-TYPE", false)]
    [InlineData("other", "TSDB-TYPE", true)]
    [InlineData("other", "vectorset", true)]
    [InlineData("other", "zset", false)]
    public void Types_are_those_that_are_named_and_other_stands_for_modules(string named, string type, bool covers)
    {
        var kinds = new KeyKinds { Types = named.Split(',') };

        Assert.Equal(covers, kinds.CoverType(type));
        Assert.Equal(covers, kinds.CoverType(Encoding.ASCII.GetBytes(type)));
    }

    [Fact]
    public void A_type_that_nobody_knows_is_refused() =>
        Assert.Contains("sting", Assert.Throws<KeyferryException>(() => new KeyKinds { Types = ["sting"] }).Saw, StringComparison.Ordinal);

    [Fact]
    public void Sizes_and_expiries_are_bounds()
    {
        var kinds = new KeyKinds
        {
            Types = ["zset", "string"],
            LargerThan = 100,
            SmallerThan = 200,
            Expiring = true,
        };

        Assert.Equal([false, true, true, false], new long[] { 100, 101, 199, 200 }.Select(kinds.CoverSize));
        Assert.True(kinds.CoverExpiry(true));
        Assert.False(kinds.CoverExpiry(false));
        Assert.Equal("types=string,zset larger-than=100 smaller-than=200 expiring=only", kinds.Text);
    }

    [Theory]
    [InlineData("0-16383", true)]
    [InlineData("12739", true)]
    [InlineData("0-12738,12740-16383", false)]
    public void Slots_choose_by_name(string slots, bool covers)
    {
        // CLUSTER KEYSLOT 123456789
        var names = new KeyNames([], [], SlotRanges.Parse(slots));

        Assert.Equal(covers, names.Cover("123456789"u8));
        Assert.Equal(covers, names.Cover("user:{123456789}:cart"u8));
        Assert.False(names.AreAll);
        Assert.Equal($"slots={slots}", names.Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("16384")]
    [InlineData("5-1")]
    [InlineData("1-2-3")]
    [InlineData("a")]
    public void What_is_no_slot_is_refused(string slots) =>
        Assert.Equal(FailureKind.Usage, Assert.Throws<KeyferryException>(() => SlotRanges.Parse(slots)).Kind);
}
