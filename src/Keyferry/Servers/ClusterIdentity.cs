using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>What a whole deployment is: for a cluster, all its primaries taken together.</summary>
internal static class ClusterIdentity
{
    /// <summary>Asks every primary.</summary>
    /// <returns>Keys and memory added up; the version is the oldest, since whatever is used must be known to all.</returns>
    /// <exception cref="Model.KeyferryException">One of them cannot be reached, or does not tell.</exception>
    /// <exception cref="IOException">A connection was lost.</exception>
    public static async ValueTask<ServerIdentity> AskAsync(ServerConnector deployment, CancellationToken stop)
    {
        var identities = new List<ServerIdentity>();
        foreach (var node in deployment.Nodes)
        {
            await using var connection = await node.ConnectAsync("hello", stop);
            try
            {
                identities.Add(await ServerConnector.IdentifyAsync(connection, stop));
            }
            catch (ServerErrorException refused)
            {
                throw ConnectionTrouble.Login(refused, node.Endpoint, node.Role);
            }
        }

        return identities is [var only] ? only : Merge(identities);
    }

    /// <summary>Several nodes as one.</summary>
    internal static ServerIdentity Merge(IReadOnlyList<ServerIdentity> nodes)
    {
        var oldest = nodes.MinBy(static node => (node.RedisVersion, node.Version)) ?? nodes[0];
        var keyspace = new SortedDictionary<int, long>();
        foreach (var (database, keys) in nodes.SelectMany(static node => node.Keyspace))
        {
            keyspace[database] = keyspace.GetValueOrDefault(database) + keys;
        }

        return oldest with
        {
            // The same nodes in another order are the same cluster.
            RunId = string.Join('+', nodes.Select(static node => node.RunId).Order(StringComparer.Ordinal)),
            ReplicationId = string.Join('+', nodes.Select(static node => node.ReplicationId).Order(StringComparer.Ordinal)),
            UsedMemory = nodes.Sum(static node => node.UsedMemory),
            MaxMemory = nodes.Any(static node => node.MaxMemory == 0) ? 0 : nodes.Sum(static node => node.MaxMemory),
            Keyspace = keyspace,
        };
    }
}
