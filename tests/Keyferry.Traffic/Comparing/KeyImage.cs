using StackExchange.Redis;

namespace Keyferry.Traffic.Comparing;

/// <summary>What a server holds under a key, in a form that does not depend on how the server keeps it.</summary>
/// <param name="Type">The server's word for the type, or <c>none</c>.</param>
/// <param name="Value">SHA-256 of the value with members, fields, groups and consumers in a fixed order.</param>
/// <param name="ExpiresAt">Unix milliseconds, or null where the key has no expiry.</param>
public readonly record struct KeyImage(string Type, string Value, long? ExpiresAt)
{
    public const string NoKey = "none";

    public bool IsAbsent => Type == NoKey;

    public override string ToString() =>
        IsAbsent ? "absent" : $"{Type} {Value[..8]}, {(ExpiresAt is null ? "no expiry" : $"expires at {ExpiresAt}")}";
}

/// <summary>One key that is not the same on both servers.</summary>
/// <param name="Database">Its database.</param>
/// <param name="Key">Its name, escaped for printing.</param>
/// <param name="Kind">How it differs.</param>
/// <param name="Left">What the first server holds.</param>
/// <param name="Right">What the second server holds.</param>
public sealed record KeyDifference(int Database, string Key, DifferenceKind Kind, KeyImage Left, KeyImage Right)
{
    public override string ToString() => $"db {Database} {Key}: {Kind} (left {Left}, right {Right})";
}

public enum DifferenceKind
{
    /// <summary>On the first server only.</summary>
    Missing,

    /// <summary>On the second server only.</summary>
    Surplus,
    Type,
    Value,
    Expiry,
}

/// <summary>The outcome of a comparison.</summary>
/// <param name="Keys">How many keys were compared.</param>
/// <param name="Differences">Those that stayed different when looked at again.</param>
public sealed record ComparisonReport(long Keys, IReadOnlyList<KeyDifference> Differences)
{
    private const int MostPrinted = 20;

    public bool AreEqual => Differences.Count == 0;

    public override string ToString() =>
        AreEqual
            ? $"equal: {Keys:N0} keys"
            : $"{Differences.Count:N0} of {Keys:N0} keys differ:\n  " + string.Join("\n  ", Differences.Take(MostPrinted));
}
