using Keyferry.Model;

namespace Keyferry.Observe;

/// <summary>What a run has moved, at its end.</summary>
/// <param name="ByType">Values put on the target by type; one that was moved twice counts twice.</param>
/// <param name="Biggest">The keys for which the source sent most, the biggest first.</param>
/// <param name="Slowest">The keys that took longest to arrive, the slowest first.</param>
internal sealed record MovedKeys(
    IReadOnlyDictionary<KeyType, long> ByType,
    IReadOnlyList<NotableKey> Biggest,
    IReadOnlyList<NotableKey> Slowest
)
{
    /// <summary>Nothing.</summary>
    public static readonly MovedKeys None = new(new Dictionary<KeyType, long>(), [], []);
}
