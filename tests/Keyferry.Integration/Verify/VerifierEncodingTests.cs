using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Integration.Verify;

/// <summary>The same value in another encoding, or of another size class, is the same value; one element elsewhere is a difference.</summary>
public sealed class VerifierEncodingTests
{
    private const int Large = 3000;

    [Fact]
    public async Task Encodings_make_no_difference()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnTargetAsync(
            """
            CONFIG SET hash-max-listpack-entries 0
            CONFIG SET zset-max-listpack-entries 0
            CONFIG SET set-max-intset-entries 0
            CONFIG SET list-max-listpack-size 1
            CONFIG SET hll-sparse-max-bytes 0
            CONFIG SET stream-node-max-entries 1
            """
        );
        await pair.OnBothAsync(VerifierDifferenceTests.Dataset.Replace("SET lasting x PX 100000000", ""));
        Assert.Equal("listpack", (await pair.SourceClient.GetDatabase().ExecuteAsync("OBJECT", "ENCODING", "hash")).ToString());
        Assert.Equal("hashtable", (await pair.TargetClient.GetDatabase().ExecuteAsync("OBJECT", "ENCODING", "hash")).ToString());

        var result = await pair.VerifyAsync();

        Assert.True(Verifier.VerdictOf(result) == Verdict.Equal, VerifierDifferenceTests.Describe(result));
        Assert.Equal(1, result.ByType["hash"]);
    }

    [Fact]
    public async Task Order_of_insertion_makes_no_difference_where_the_type_has_none()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnSourceAsync("HSET hash a 1 b 2 c 3\nSADD set x y z\nZADD zset 1 a 2 b");
        await pair.OnTargetAsync("HSET hash c 3 b 2 a 1\nSADD set z y x\nZADD zset 2 b 1 a");

        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(await pair.VerifyAsync()));
    }

    [Fact]
    public async Task A_refreshed_cardinality_is_no_change_of_a_HyperLogLog()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync("PFADD hll a b c d\nPFADD dense a b c d");
        await pair.OnSourceAsync("PFCOUNT hll\nPFCOUNT dense");
        await pair.OnTargetAsync("PFDEBUG TODENSE dense");

        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(await pair.VerifyAsync()));
    }

    [Theory]
    [InlineData(ServerKind.Machine, ServerKind.Machine)]
    [InlineData(ServerKind.Redis60, ServerKind.Redis80)]
    public async Task Large_values_are_compared_to_the_last_element(ServerKind source, ServerKind target)
    {
        await using var pair = await VerifyPair.StartAsync(source, target);
        await FillLargeAsync(pair);
        var equal = await pair.VerifyAsync();
        Assert.True(Verifier.VerdictOf(equal) == Verdict.Equal, VerifierDifferenceTests.Describe(equal));

        await pair.OnTargetAsync(
            $"""
            SETRANGE string 599999 y
            LSET list {Large - 1} y
            HSET hash f77 y
            SREM set m77
            SADD set other
            ZADD zset 0.5 m{Large - 1}
            XCLAIM stream group bob 0 {Large}-1
            """
        );
        var different = await pair.VerifyAsync(new VerifyOptions { Looks = 2 });

        Assert.Equal(6, different.Differences[DifferenceKind.Value]);
        Assert.Equal(0, different.InFlight);
        Assert.Equal(Verdict.Different, Verifier.VerdictOf(different));
    }

    [Fact]
    public async Task Field_expiries_belong_to_the_value()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Redis80, ServerKind.Redis80);
        var due = TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
        var many = string.Join(' ', Enumerable.Range(0, Large).Select(static i => $"f{i} v"));
        await pair.OnBothAsync(
            $"""
            HSET small a 1 b 2
            HPEXPIREAT small {due} FIELDS 1 a
            HSET large {many}
            HPEXPIREAT large {due} FIELDS 1 f2999
            """
        );
        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(await pair.VerifyAsync()));

        await pair.OnTargetAsync($"HPEXPIREAT small {due + 2000} FIELDS 1 a\nHPERSIST large FIELDS 1 f2999");
        var result = await pair.VerifyAsync(new VerifyOptions { Looks = 2 });

        Assert.Equal(2, result.Differences[DifferenceKind.Value]);
        Assert.All(result.First, static difference => Assert.Equal("hash: other field expiries", difference.Detail));
    }

    [Fact]
    public async Task Field_expiries_that_the_target_cannot_hold_are_a_difference()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Redis80, ServerKind.Machine);
        await pair.OnBothAsync("HSET hash a 1 b 2\nHSET plain a 1");
        await pair.OnSourceAsync("HEXPIRE hash 1000 FIELDS 1 b");

        var result = await pair.VerifyAsync(new VerifyOptions { Looks = 2 });

        Assert.Equal("hash", Assert.Single(result.First).Key.Name.Shown());
    }

    private static async Task FillLargeAsync(VerifyPair pair)
    {
        var lines = new List<string> { "SETRANGE string 600000 x" };
        for (var i = 0; i < Large; i += 500)
        {
            var chunk = Enumerable.Range(i, 500).ToList();
            lines.Add("RPUSH list " + string.Join(' ', chunk.Select(static n => $"e{n}")));
            lines.Add("HSET hash " + string.Join(' ', chunk.Select(static n => $"f{n} v{n}")));
            lines.Add("SADD set " + string.Join(' ', chunk.Select(static n => $"m{n}")));
            lines.Add("ZADD zset " + string.Join(' ', chunk.Select(static n => $"{n / 3.0:R} m{n}")));
        }

        lines.AddRange(Enumerable.Range(1, Large).Select(static n => $"XADD stream {n}-1 f v"));
        lines.Add("XGROUP CREATE stream group 0");
        lines.Add($"XREADGROUP GROUP group ann COUNT {Large} STREAMS stream >");
        await pair.OnBothAsync(string.Join('\n', lines));
    }
}
