using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;

namespace Keyferry.Aws.Notifications;

/// <summary>How a cache and its parameter groups stand at this moment.</summary>
internal sealed record GroupLook
{
    /// <summary>The cache, or <see langword="null"/> where it is gone.</summary>
    public required Cache? Cache { get; init; }

    /// <summary>The values of the old group; empty where it is gone.</summary>
    public required IReadOnlyDictionary<string, GroupParameter> Old { get; init; }

    /// <summary>The values of the new group, or <see langword="null"/> where it does not exist (yet, or any more).</summary>
    public required IReadOnlyDictionary<string, GroupParameter>? New { get; init; }

    /// <summary>Other caches that have the new group.</summary>
    public required IReadOnlyList<string> OthersWithNew { get; init; }

    /// <summary>Looks.</summary>
    public static async ValueTask<GroupLook> TakeAsync(ElastiCacheClient client, GroupIntent intent, CancellationToken stop)
    {
        var cache = await new CacheFinder(client).TryFindAsync(intent.CacheId, stop);
        var old = await ParametersAsync(client, intent.OldGroup, stop);
        return new GroupLook
        {
            Cache = cache,
            Old = old ?? new Dictionary<string, GroupParameter>(StringComparer.Ordinal),
            New = intent.IsCopy ? await ParametersAsync(client, intent.NewGroup, stop) : old,
            OthersWithNew = await OthersWithAsync(client, intent.NewGroup, intent.CacheId, stop),
        };
    }

    /// <summary>Nodes of other caches that have <paramref name="group"/>.</summary>
    public static async ValueTask<IReadOnlyList<string>> OthersWithAsync(
        ElastiCacheClient client,
        string group,
        string cacheId,
        CancellationToken stop
    ) =>
        [
            .. (await client.ClustersAsync(null, stop))
                .Where(node => node.ParameterGroup == group && node.Id != cacheId && node.ReplicationGroup != cacheId)
                .Select(static node => node.Id),
        ];

    private static async ValueTask<IReadOnlyDictionary<string, GroupParameter>?> ParametersAsync(
        ElastiCacheClient client,
        string group,
        CancellationToken stop
    )
    {
        try
        {
            return await client.ParametersAsync(group, stop);
        }
        catch (AwsException absent) when (absent.IsAbsent)
        {
            return null;
        }
    }
}
