using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Aws.ElastiCache;

/// <summary>Finds out what an id stands for: a replication group, a node of one, a standalone cluster, a serverless cache.</summary>
/// <param name="client">Asks.</param>
internal sealed class CacheFinder(ElastiCacheClient client)
{
    /// <summary>The cache of that id. A node that belongs to a replication group leads to the group.</summary>
    /// <exception cref="KeyferryException">There is none in this region, or it is no Redis.</exception>
    public async ValueTask<Cache> FindAsync(string id, CancellationToken stop) =>
        await TryFindAsync(id, stop)
        ?? throw new KeyferryException(
            FailureKind.Usage,
            $"There is no replication group, cluster or serverless cache named {id} in {client.Region}.",
            "Check the id and the region: keyferry elasticache list --region R shows what there is."
        );

    /// <summary>The same, or <see langword="null"/> where there is none.</summary>
    public async ValueTask<Cache?> TryFindAsync(string id, CancellationToken stop) =>
        await GroupAsync(id, stop) ?? await StandaloneAsync(id, stop) ?? await ServerlessAsync(id, stop);

    /// <summary>Every cache of the region but Memcached's.</summary>
    public async ValueTask<IReadOnlyList<Cache>> AllAsync(CancellationToken stop)
    {
        var nodes = (await client.ClustersAsync(null, stop)).Where(IsRedis).ToLookup(static node => node.ReplicationGroup ?? "");
        var groups = (await client.ReplicationGroupsAsync(null, stop)).Select(group => Complete(group, [.. nodes[group.Id]]));
        return [.. groups, .. nodes[""].Select(Standalone), .. await client.ServerlessCachesAsync(null, stop)];
    }

    private async ValueTask<Cache?> GroupAsync(string id, CancellationToken stop)
    {
        try
        {
            if (await client.ReplicationGroupsAsync(id, stop) is not [var group, ..])
            {
                return null;
            }

            // The group itself does not tell its parameter group, security groups and subnets: its nodes do.
            var members = new List<CacheMember>();
            foreach (var member in group.Shards.SelectMany(static shard => shard.Members))
            {
                members.AddRange(await client.ClustersAsync(member, stop));
            }

            return Complete(group, members);
        }
        catch (AwsException absent) when (absent.IsAbsent)
        {
            return null;
        }
    }

    private async ValueTask<Cache?> StandaloneAsync(string id, CancellationToken stop)
    {
        try
        {
            if (await client.ClustersAsync(id, stop) is not [var node, ..])
            {
                return null;
            }

            if (!IsRedis(node))
            {
                throw new KeyferryException(
                    FailureKind.Refused,
                    $"{id} is a {node.Engine} cluster.",
                    "Keyferry moves Redis and Valkey caches; name one of those."
                );
            }

            return node.ReplicationGroup is { } group ? await GroupAsync(group, stop) : Standalone(node);
        }
        catch (AwsException absent) when (absent.IsAbsent)
        {
            return null;
        }
    }

    private async ValueTask<Cache?> ServerlessAsync(string id, CancellationToken stop)
    {
        try
        {
            return await client.ServerlessCachesAsync(id, stop) is [var cache, ..] ? cache : null;
        }
        catch (AwsException absent) when (absent.IsAbsent)
        {
            return null;
        }
    }

    private static bool IsRedis(CacheMember node) => node.Engine is "redis" or "valkey";

    private static Cache Complete(Cache group, List<CacheMember> members) =>
        group with
        {
            Members = members,
            EngineVersion = members.Count > 0 ? members[0].EngineVersion : "",
            SecurityGroups = [.. members.SelectMany(static member => member.SecurityGroups).Distinct()],
        };

    private static Cache Standalone(CacheMember node) =>
        new()
        {
            Kind = CacheKind.Standalone,
            Id = node.Id,
            Status = node.Status,
            Engine = node.Engine,
            EngineVersion = node.EngineVersion,
            Tls = node.Tls,
            Auth = node.Auth,
            Address = node.Address,
            Members = [node],
            SecurityGroups = node.SecurityGroups,
        };
}
