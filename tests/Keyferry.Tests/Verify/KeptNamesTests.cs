using System.Text;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

/// <summary>Names that are kept come back, those of the asked buckets and no others; where there is no room, none is said to be there.</summary>
public sealed class KeptNamesTests
{
    private const int Bits = 12;

    [Fact]
    public void Names_of_some_buckets_come_back_in_order()
    {
        var kept = new KeptNames();
        // Longer than a chunk, so that one begins in the middle.
        string[] names = ["", "a", new string('x', 3 << 20), .. Enumerable.Range(0, 200_000).Select(static i => $"key:{i}"), "last"];
        var only = Buckets(names.Where(static (_, i) => i % 1000 < 3));

        AddAll(kept, names);

        string[] open = [.. names.Where(name => only.Contains(Encoding.ASCII.GetBytes(name)))];
        var bytes = open.Sum(static name => 4 + name.Length);
        using var found = kept.In(only, bytes);
        Assert.Equal(open, Texts(found));
        Assert.Null(kept.In(only, bytes - 1));
    }

    [Fact]
    public void Names_that_do_not_fit_are_all_forgotten_until_it_begins_anew()
    {
        var kept = new KeptNames(mostBytes: 20);

        AddAll(kept, ["abcd", "efgh", "i"]);
        Assert.Null(kept.In(Buckets(["i"]), mostBytes: 100));
        AddAll(kept, ["j"]);
        Assert.Null(kept.In(Buckets(["j"]), mostBytes: 100));

        kept.Clear();
        AddAll(kept, ["abcd", "efgh"]);
        using var found = kept.In(Buckets(["abcd", "efgh"]), mostBytes: 100);
        Assert.Equal(["abcd", "efgh"], Texts(found));
    }

    private static void AddAll(KeptNames kept, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            kept.Add(Encoding.ASCII.GetBytes(name));
        }
    }

    private static NameBuckets Buckets(IEnumerable<string> names)
    {
        var buckets = new NameBuckets(Bits);
        foreach (var name in names)
        {
            buckets.Add(NameBuckets.BucketOf(NameBuckets.HashOf(Encoding.ASCII.GetBytes(name)), Bits));
        }

        return buckets;
    }

    private static IEnumerable<string> Texts(KeyBatch? names) =>
        Enumerable.Range(0, names?.Count ?? 0).Select(i => Encoding.ASCII.GetString(names![i]));
}
