using System.Text;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

/// <summary>Sums are equal for the same names in any order, and for no others.</summary>
public sealed class NameSumsTests
{
    [Fact]
    public void The_order_of_names_does_not_matter()
    {
        var names = Enumerable.Range(0, 5000).Select(static i => $"key:{i}").ToArray();

        Assert.Equal(0, Sums(names).UnequalTo(Sums([.. names.Reverse()])).Count);
    }

    [Fact]
    public void One_other_name_makes_its_bucket_unequal()
    {
        var unequal = Sums(["a", "b", "c"]).UnequalTo(Sums(["a", "b"]));

        Assert.Equal(1, unequal.Count);
        Assert.True(unequal.Contains("c"u8));
        Assert.False(unequal.Contains("a"u8));
    }

    [Fact]
    public void A_key_told_twice_costs_another_look_and_hides_nothing()
    {
        Assert.True(Sums(["a", "a"]).UnequalTo(Sums(["a"])).Contains("a"u8));
        Assert.True(Sums(["a", "a"]).UnequalTo(Sums([])).Contains("a"u8));
        Assert.Equal(0, Sums(["a", "a"]).UnequalTo(Sums(["a", "a"])).Count);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(20)]
    public void Every_name_that_one_side_alone_has_is_in_an_unequal_bucket(int bits)
    {
        string[] both = [.. Enumerable.Range(0, 500).Select(static i => $"key:{i}")];
        string[] alone = [.. Enumerable.Range(0, 50).Select(static i => $"alone:{i}")];

        var unequal = Sums(both, bits).UnequalTo(Sums([.. both, .. alone], bits));

        Assert.All(alone, name => Assert.True(unequal.Contains(Encoding.ASCII.GetBytes(name))));
        Assert.InRange(unequal.Count, 1, alone.Length);
    }

    private static NameSums Sums(string[] names, int bits = 12)
    {
        var sums = new NameSums(bits);
        foreach (var name in names)
        {
            sums.Add(Encoding.ASCII.GetBytes(name));
        }

        return sums;
    }
}
