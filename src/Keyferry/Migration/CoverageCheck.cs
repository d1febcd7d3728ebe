using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Whether every slot of a cluster has an owner: keys in the others can be neither read nor written, and by default none of the whole cluster.</summary>
internal static class CoverageCheck
{
    private const int MostNamed = 5;

    /// <summary>Judges what the cluster has told of its slots.</summary>
    public static void Judge(ServerConnector side, ServerIdentity identity, Action<string, string> refuse)
    {
        if (!identity.IsCluster || side.Topology?.Current.Uncovered is not { Count: > 0 } ranges)
        {
            return;
        }

        var slots = ranges.Sum(static range => range.Last - range.First + 1);
        var first = string.Join(",", ranges.Take(MostNamed).Select(static range => $"{range.First}-{range.Last}"));
        refuse(
            $"The {side.Role}, the cluster at {side.Endpoint}, has no owner for {slots:#,0} of its slots ({first}{(ranges.Count > MostNamed ? ", ..." : "")}): their keys cannot be reached, and none at all while cluster-require-full-coverage is yes.",
            "Bring the missing nodes back, or give the slots to others (redis-cli --cluster fix), until CLUSTER INFO says cluster_state:ok."
        );
    }
}
