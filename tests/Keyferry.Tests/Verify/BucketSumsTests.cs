using System.Security.Cryptography;
using System.Text;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

/// <summary>Sums are equal for the same keys in any order, and for no others.</summary>
public sealed class BucketSumsTests
{
    [Fact]
    public void The_order_of_keys_does_not_matter()
    {
        var names = Enumerable.Range(0, 5000).Select(static i => $"key:{i}").ToArray();

        Assert.Equal(0, Sums(names).UnequalTo(Sums([.. names.Reverse()])).Count);
    }

    [Fact]
    public void One_other_value_or_expiry_makes_one_bucket_unequal()
    {
        string[] names = ["a", "b", "c"];
        var (other, later) = (Sums(names[..2]), Sums(names[..2]));
        other.Add(BucketSet.NameHash("c"u8), 8, BucketSums.NoExpiry);
        later.Add(BucketSet.NameHash("c"u8), 7, 1000);

        var byValue = Sums(names).UnequalTo(other);
        var byExpiry = Sums(names).UnequalTo(later);

        Assert.Equal((1, 1), (byValue.Count, byExpiry.Count));
        Assert.True(byValue.Contains("c"u8) && byExpiry.Contains("c"u8));
        Assert.False(byValue.Contains("a"u8));
    }

    [Fact]
    public void Values_that_changed_places_within_a_bucket_are_noticed()
    {
        // In two buckets alone, most of these keys share one.
        var (left, right) = (new BucketSums(1), new BucketSums(1));
        for (var i = 0UL; i < 100; i++)
        {
            left.Add(BucketSet.NameHash(Encoding.ASCII.GetBytes($"key:{i}")), i, BucketSums.NoExpiry);
            right.Add(BucketSet.NameHash(Encoding.ASCII.GetBytes($"key:{i}")), 99 - i, BucketSums.NoExpiry);
        }

        Assert.Equal(2, left.UnequalTo(right).Count);
    }

    [Fact]
    public void A_key_told_twice_costs_another_look_and_hides_nothing()
    {
        Assert.True(Sums(["a", "a"]).UnequalTo(Sums(["a"])).Contains("a"u8));
        Assert.True(Sums(["a", "a"]).UnequalTo(Sums([])).Contains("a"u8));
        Assert.Equal(0, Sums(["a", "a"]).UnequalTo(Sums(["a", "a"])).Count);
    }

    [Fact]
    public void Expiries_known_to_some_milliseconds_may_differ_by_those()
    {
        Assert.Equal(0, Expiring(1_000_000).UnequalTo(Expiring(1_000_090), tolerance: 100).Count);
        Assert.Equal(1, Expiring(1_000_000).UnequalTo(Expiring(1_000_110), tolerance: 100).Count);
        Assert.Equal(1, Expiring(1_000_000).UnequalTo(Expiring(BucketSums.NoExpiry), tolerance: 100).Count);
    }

    [Fact]
    public void Nothing_equals_what_is_not_known()
    {
        var (left, right) = (Sums(["a"]), Sums(["a"]));
        left.AddUnknown(BucketSet.NameHash("b"u8));
        right.AddUnknown(BucketSet.NameHash("b"u8));

        Assert.True(left.UnequalTo(right).Contains("b"u8));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(20)]
    public void The_coarse_map_lets_every_key_of_the_set_through(int bits)
    {
        var left = new BucketSums(bits);
        string[] names = [.. Enumerable.Range(0, 50).Select(static i => $"key:{i}")];
        foreach (var name in names)
        {
            left.Add(BucketSet.NameHash(Encoding.ASCII.GetBytes(name)), 7, BucketSums.NoExpiry);
        }

        var unequal = left.UnequalTo(new BucketSums(bits));

        Assert.All(
            names,
            name =>
            {
                var first12 = Convert.ToInt32(Convert.ToHexString(SHA1.HashData(Encoding.ASCII.GetBytes(name)))[..3], 16);
                Assert.True(unequal.Contains(Encoding.ASCII.GetBytes(name)));
                Assert.NotEqual(0, unequal.Coarse[first12 / 8] & (1 << (first12 % 8)));
            }
        );
        Assert.InRange(unequal.Coarse.ToArray().Sum(static part => System.Numerics.BitOperations.PopCount(part)), 1, 200);
    }

    private static BucketSums Expiring(long expiry)
    {
        var sums = new BucketSums(12, exactExpiries: false);
        sums.Add(BucketSet.NameHash("a"u8), 7, expiry);
        return sums;
    }

    private static BucketSums Sums(string[] names)
    {
        var sums = new BucketSums(12);
        foreach (var name in names)
        {
            sums.Add(BucketSet.NameHash(Encoding.ASCII.GetBytes(name)), 7, BucketSums.NoExpiry);
        }

        return sums;
    }
}
