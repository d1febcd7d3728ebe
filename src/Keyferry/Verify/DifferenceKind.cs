namespace Keyferry.Verify;

/// <summary>How a key differs. Of several, the first in this order is reported.</summary>
public enum DifferenceKind
{
    /// <summary>On the source only.</summary>
    Missing,

    /// <summary>On the target only.</summary>
    Surplus,

    /// <summary>Another type.</summary>
    Type,

    /// <summary>Same type, another value (stream groups and pending entries, and hash-field expiries, are part of the value).</summary>
    Value,

    /// <summary>Same value, another expiry, beyond the tolerance.</summary>
    Expiry,
}
