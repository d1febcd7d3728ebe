namespace Keyferry.Verify;

/// <summary>What one look at both sides of a key saw, where it did not see the same. Digests tell whether a later look saw the same again; they never prove equality.</summary>
/// <param name="Kind">How the key differs.</param>
/// <param name="Detail">What exactly, without any of the value.</param>
/// <param name="Source">A digest of what stands on the source.</param>
/// <param name="Target">A digest of what stands on the target.</param>
internal sealed record Observation(DifferenceKind Kind, string Detail, ulong Source = 0, ulong Target = 0)
{
    /// <summary>The source's expiry; see <see cref="ExpiryRule"/>.</summary>
    public long SourceExpiry { get; init; } = ExpiryRule.Never;

    /// <summary>The target's expiry; see <see cref="ExpiryRule"/>.</summary>
    public long TargetExpiry { get; init; } = ExpiryRule.Never;

    /// <summary>The type and why, where its values cannot be told equal or different; then this is no difference but a doubt.</summary>
    public string? Incomparable { get; init; }

    /// <summary>The value changed while it was looked at, so that nothing was seen that could be seen again.</summary>
    public bool Changing { get; init; }

    /// <summary>What is seen when the key changes under the look.</summary>
    public static Observation Moving { get; } = new(DifferenceKind.Value, "changed while it was looked at") { Changing = true };

    /// <summary>Whether a later look saw the same on the source as this one.</summary>
    public bool SameOnSource(Observation later, ExpiryRule rule) =>
        !Changing && !later.Changing && Kind == later.Kind && Source == later.Source && rule.Same(SourceExpiry, later.SourceExpiry);

    /// <summary>Whether a later look saw the same on both sides as this one.</summary>
    public bool SameAs(Observation later, ExpiryRule rule) =>
        SameOnSource(later, rule)
        && Target == later.Target
        && rule.Same(TargetExpiry, later.TargetExpiry)
        && Incomparable == later.Incomparable;
}
