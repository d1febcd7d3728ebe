using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Whether the target has the databases that keys are to go into, on each of its primaries.</summary>
internal static class DatabaseCheck
{
    /// <summary>Tries each.</summary>
    /// <exception cref="Model.KeyferryException">A primary cannot be reached.</exception>
    /// <exception cref="IOException">The target is lost.</exception>
    public static async ValueTask JudgeAsync(
        ServerConnector target,
        ServerIdentity identity,
        int[] wanted,
        Action<string, string> refuse,
        CancellationToken stop
    )
    {
        var lacking = new SortedDictionary<int, string>();
        foreach (var node in target.Nodes)
        {
            await using var connection = await node.ConnectAsync("plan", stop);
            foreach (var database in wanted)
            {
                if (await connection.TryCallAsync(stop, "SELECT", database) is { IsError: true } refused)
                {
                    _ = lacking.TryAdd(database, $"{node.Endpoint}: {refused.Text.TrimEnd('.')}");
                }
            }
        }

        if (lacking.Count > 0)
        {
            var databases = string.Join(", ", lacking.Keys);
            refuse(
                $"The target{(identity.IsCluster ? ", a cluster," : "")} has no database {databases} ({lacking.First().Value}).",
                identity.IsCluster
                    ? "A cluster has database 0 alone, unless it is Valkey 9 or newer: there, raise cluster-databases on every node. Otherwise bring several together with a prefix before the names of each but "
                        + "one (--databases 0:0,3:0:db3:), or move one alone by naming it in both URIs (SOURCE/3 TARGET/0)."
                    : "Raise its setting databases, or say by --databases where they go instead (0:0,20:5)."
            );
        }
    }
}
