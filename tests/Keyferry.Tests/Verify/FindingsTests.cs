using Keyferry.Model;
using Keyferry.Transfer;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

public sealed class FindingsTests
{
    [Fact]
    public void Differences_are_counted_by_kind_and_the_first_are_named_in_the_order_of_kinds()
    {
        var findings = new Findings(keepFirst: 2);
        for (var i = 0; i < 3; i++)
        {
            findings.Stable(Key($"e{i}"), new Observation(DifferenceKind.Expiry, ""));
            findings.Stable(Key($"m{i}"), new Observation(DifferenceKind.Missing, ""));
        }

        var result = findings.Result(compared: 6, lookedUp: 3, overflow: 0);

        Assert.Equal(3, result.Differences[DifferenceKind.Expiry]);
        Assert.Equal(6, result.DifferenceCount);
        Assert.Equal(["m0", "m1", "e0", "e1"], result.First.Select(static difference => difference.Key.Name.Shown()));
        Assert.Equal(Verdict.Different, Verifier.VerdictOf(result));
    }

    [Fact]
    public void What_cannot_be_compared_is_a_doubt_and_no_difference()
    {
        var findings = new Findings(keepFirst: 2);
        findings.Stable(Key("a"), new Observation(DifferenceKind.Value, "") { Incomparable = "graph" });
        findings.Stable(Key("b"), new Observation(DifferenceKind.Value, "") { Incomparable = "graph" });

        var result = findings.Result(2, 2, overflow: 7);

        Assert.Equal(0, result.DifferenceCount);
        Assert.Collection(
            result.Doubts,
            static doubt => Assert.Contains("2 keys of type graph", doubt, StringComparison.Ordinal),
            static doubt => Assert.Contains("7 more keys", doubt, StringComparison.Ordinal)
        );
        Assert.Equal(Verdict.NotProved, Verifier.VerdictOf(result));
    }

    [Fact]
    public void A_verdict_claims_no_more_than_was_seen()
    {
        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(new VerifyResult()));
        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(new VerifyResult { LeftAlone = 5, Repaired = 3 }));
        Assert.Equal(Verdict.NotProved, Verifier.VerdictOf(new VerifyResult { InFlight = 1 }));
        Assert.Equal(Verdict.NotProved, Verifier.VerdictOf(new VerifyResult { LeftAlone = 5, Doubts = ["why"] }));
        var different = new VerifyResult { Differences = new Dictionary<DifferenceKind, long> { [DifferenceKind.Type] = 1 } };
        Assert.Equal(Verdict.Different, Verifier.VerdictOf(different with { InFlight = 1, Doubts = ["why"] }));
    }

    [Fact]
    public void Candidates_are_bounded_in_number_and_in_bytes()
    {
        var seen = new Observation(DifferenceKind.Value, "");
        var few = new Candidates(limit: 2, byteLimit: 1000);
        few.Add(Key("a"), seen);
        few.Add(Key("b"), seen);
        few.Add(Key("a"), Observation.Moving);
        few.Add(Key("c"), seen);
        Assert.Equal((2, 1), (few.Count, few.Overflow));
        Assert.True(few[Key("a")].Changing);

        var small = new Candidates(limit: 100, byteLimit: 10);
        small.Add(Key("123456"), seen);
        small.Add(Key("123457"), seen);
        Assert.Equal((1, 1), (small.Count, small.Overflow));
        small.Remove(Key("123456"));
        small.Add(Key("123457"), seen);
        Assert.Equal((1, 1), (small.Count, small.Overflow));
    }

    [Fact]
    public void A_batch_keeps_what_was_added()
    {
        using var batch = new KeyBatch();
        var items = Enumerable.Range(0, 2000).Select(static i => new byte[i % 100]).ToList();
        foreach (var item in items)
        {
            Array.Fill(item, (byte)item.Length);
            batch.Add(item);
        }

        Assert.Equal(2000, batch.Count);
        for (var i = 0; i < 2000; i++)
        {
            Assert.True(batch[i].SequenceEqual(items[i]));
        }

        batch.Clear();
        batch.Add("x"u8);
        Assert.True(batch.Memory(0).Span.SequenceEqual("x"u8));
    }

    [Fact]
    public void Large_answers_make_questions_smaller()
    {
        var sizer = new PageSizer(largest: 500);
        for (var i = 0; i < 5; i++)
        {
            sizer.Saw(1000);
        }

        Assert.Equal(500, sizer.Size);
        sizer.Saw(100L << 20);
        Assert.Equal(5, sizer.Size);
        sizer.Saw(1L << 40);
        Assert.Equal(1, sizer.Size);
        sizer.Saw(1000);
        Assert.Equal(2, sizer.Size);
    }

    private static KeyId Key(string name) => new(0, new KeyName(System.Text.Encoding.ASCII.GetBytes(name)));
}
