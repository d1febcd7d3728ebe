using Keyferry.Servers;
using Keyferry.Transfer;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

public sealed class ExpiryRuleTests
{
    private const long Due = 1_900_000_000_000;
    private static readonly TimeSpan _tolerance = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(Due, Due, true)]
    [InlineData(Due, Due + 104, true)]
    [InlineData(Due, Due + 105, false)]
    [InlineData(Due, Due - 105, false)]
    [InlineData(Due, ExpiryRule.Never, false)]
    [InlineData(ExpiryRule.Never, Due, false)]
    [InlineData(ExpiryRule.Never, ExpiryRule.Never, true)]
    [InlineData(ExpiryRule.Absent, ExpiryRule.Absent, true)]
    [InlineData(ExpiryRule.Absent, ExpiryRule.Never, false)]
    public void Expiries_agree_within_the_tolerance_and_the_uncertainty_of_the_clocks(long source, long target, bool agree)
    {
        Assert.Equal(agree, Rule(ahead: 0).Agree(source, target));
    }

    [Theory]
    [InlineData(Due, true)]
    [InlineData(Due + 1, false)]
    [InlineData(Due - 18, false)]
    [InlineData(ExpiryRule.Never, false)]
    public void An_exact_rule_tells_an_expiry_that_was_renewed_a_moment_later(long target, bool agree)
    {
        var rule = Rule(ahead: 0, isExact: true);
        Assert.Equal(agree, rule.Agree(Due, target));
        Assert.True(rule.IsDueOnSource(Due + 104, DateTimeOffset.FromUnixTimeMilliseconds(Due)));
    }

    [Theory]
    [InlineData(Due + 5000, true)]
    [InlineData(Due, false)]
    public void Clocks_that_disagree_shift_the_expiry(long target, bool agree)
    {
        Assert.Equal(agree, Rule(ahead: 5000).Agree(Due, target));
    }

    [Fact]
    public void A_key_is_due_by_the_clock_of_its_own_server()
    {
        var rule = Rule(ahead: 5000);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(Due);

        Assert.True(rule.IsDueOnSource(Due + 104, now));
        Assert.False(rule.IsDueOnSource(Due + 105, now));
        Assert.True(rule.IsDueOnTarget(Due + 5104, now));
        Assert.False(rule.IsDueOnTarget(Due + 5105, now));
        Assert.False(rule.IsDueOnSource(ExpiryRule.Never, now));
    }

    [Fact]
    public void What_was_seen_before_is_the_same_within_the_tolerance()
    {
        var rule = Rule(ahead: 0);
        var before = new Observation(DifferenceKind.Value, "x", 1, 2) { SourceExpiry = Due };

        Assert.True(before.SameAs(before with { SourceExpiry = Due + 50 }, rule));
        Assert.False(before.SameAs(before with { SourceExpiry = Due + 500 }, rule));
        Assert.False(before.SameAs(before with { Source = 9 }, rule));
        Assert.False(before.SameAs(before with { Target = 9 }, rule));
        Assert.True(before.SameOnSource(before with { Target = 9 }, rule));
        Assert.False(before.SameAs(before with { Kind = DifferenceKind.Expiry }, rule));
        Assert.False(Observation.Moving.SameAs(Observation.Moving, rule));
    }

    private static ExpiryRule Rule(int ahead, bool isExact = false)
    {
        var source = new ClockOffset(TimeSpan.Zero, TimeSpan.FromMilliseconds(2));
        var target = new ClockOffset(TimeSpan.FromMilliseconds(ahead), TimeSpan.FromMilliseconds(2));
        return new ExpiryRule(new ExpiryShift(source, target), _tolerance, source, target, isExact);
    }
}
