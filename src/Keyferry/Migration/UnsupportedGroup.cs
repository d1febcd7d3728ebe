using Keyferry.Model;

namespace Keyferry.Migration;

/// <summary>Keys of the source that the target cannot hold, for one reason.</summary>
/// <param name="Keys">How many there are.</param>
/// <param name="Reason">Why, without a full stop.</param>
/// <param name="First">Some of them.</param>
internal sealed record UnsupportedGroup(long Keys, string Reason, IReadOnlyList<KeyId> First)
{
    /// <summary><c>3 keys: the target has no expiries of hash fields</c></summary>
    public string Words => $"{Keys:#,0} {(Keys == 1 ? "key" : "keys")}: {Reason}";

    /// <summary>What several primaries have, one group for each reason.</summary>
    public static IReadOnlyList<UnsupportedGroup> Merge(IEnumerable<UnsupportedGroup> groups) =>
        [
            .. groups
                .GroupBy(static group => group.Reason)
                .Select(static same => new UnsupportedGroup(
                    same.Sum(static group => group.Keys),
                    same.Key,
                    [.. same.SelectMany(static group => group.First)]
                )),
        ];
}
