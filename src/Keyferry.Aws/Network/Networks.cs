using System.Net;

namespace Keyferry.Aws.Network;

/// <summary>Questions about IPv4 networks as AWS writes them: <c>10.0.1.0/24</c>.</summary>
internal static class Networks
{
    /// <summary>Whether <paramref name="address"/> lies in <paramref name="network"/>; what is no network holds nothing.</summary>
    public static bool Contains(string network, IPAddress address) => IPNetwork.TryParse(network, out var one) && one.Contains(address);

    /// <summary>Whether all of <paramref name="inner"/> lies in <paramref name="outer"/>.</summary>
    public static bool Covers(string outer, string inner) =>
        IPNetwork.TryParse(outer, out var wide)
        && IPNetwork.TryParse(inner, out var narrow)
        && wide.PrefixLength <= narrow.PrefixLength
        && wide.Contains(narrow.BaseAddress);

    /// <summary>Whether they have an address in common.</summary>
    public static bool Overlap(string one, string other) => Covers(one, other) || Covers(other, one);
}
