using System.Globalization;

namespace Keyferry.Model;

/// <summary>What becomes of the expiries of keys on their way: kept, dropped, or capped. The expiries of a hash's fields belong to its value and are kept in any case.</summary>
public sealed record ExpiryPolicy
{
    /// <summary>A key expires on the target when it does on the source.</summary>
    public static readonly ExpiryPolicy Keep = new();

    /// <summary>No key of the target expires.</summary>
    public static readonly ExpiryPolicy Drop = new() { Drops = true };

    private ExpiryPolicy() { }

    /// <summary>The longest that a key which expires may live on the target from when it is moved; <see langword="null"/> for any time.</summary>
    public TimeSpan? Cap { get; private init; }

    /// <summary>Whether keys lose their expiry.</summary>
    public bool Drops { get; private init; }

    /// <summary>Whether expiries are what they are on the source.</summary>
    public bool Keeps => !Drops && Cap is null;

    /// <summary>As text, the same for the same policy; empty where expiries are kept.</summary>
    public string Text =>
        Drops ? "expiry=drop"
        : Cap is { } cap ? string.Create(CultureInfo.InvariantCulture, $"expiry=cap:{cap.TotalSeconds}s")
        : "";

    /// <summary>A key that expires lives for <paramref name="most"/> at most from when it is moved. One that does not expire still does not.</summary>
    public static ExpiryPolicy CapAt(TimeSpan most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, TimeSpan.FromMilliseconds(1));
        return new ExpiryPolicy { Cap = most };
    }

    /// <summary>The expiry that a key gets.</summary>
    /// <param name="expiresAt">The one that it has, in milliseconds since 1970, or -1.</param>
    /// <param name="now">The time of the same clock.</param>
    internal long Apply(long expiresAt, long now) =>
        Drops || expiresAt < 0 ? -1
        : Cap is { } cap ? Math.Min(expiresAt, now + (long)cap.TotalMilliseconds)
        : expiresAt;
}
