using System.Xml.Linq;
using Keyferry.Aws.Calls;

namespace Keyferry.Aws.ElastiCache;

/// <summary>The calls of ElastiCache that Keyferry makes, each as AWS names it. Errors come as <see cref="AwsException"/>.</summary>
/// <param name="caller">Signs and sends.</param>
internal sealed class ElastiCacheClient(AwsCaller caller)
{
    /// <summary>How many values one ModifyCacheParameterGroup takes.</summary>
    public const int ValuesPerCall = 20;

    private readonly QueryClient _query = new(caller, "elasticache", "2015-02-02");

    /// <summary>Where the caches are.</summary>
    public string Region => caller.Region;

    /// <summary>The clock.</summary>
    public TimeProvider Time => caller.Time;

    /// <summary>All nodes, or the one of that id.</summary>
    public async ValueTask<IReadOnlyList<CacheMember>> ClustersAsync(string? id, CancellationToken stop) =>
        [
            .. (
                await ListAsync("DescribeCacheClusters", "CacheClusters", stop, ("CacheClusterId", id), ("ShowCacheNodeInfo", "true"))
            ).Select(CacheXml.Member),
        ];

    /// <summary>All replication groups, or the one of that id; without their members' details.</summary>
    public async ValueTask<IReadOnlyList<Cache>> ReplicationGroupsAsync(string? id, CancellationToken stop) =>
        [.. (await ListAsync("DescribeReplicationGroups", "ReplicationGroups", stop, ("ReplicationGroupId", id))).Select(CacheXml.Group)];

    /// <summary>All serverless caches, or the one of that name.</summary>
    public async ValueTask<IReadOnlyList<Cache>> ServerlessCachesAsync(string? name, CancellationToken stop)
    {
        KeyValuePair<string, string?>[] question = [new("ServerlessCacheName", name)];
        var found = await _query.ListAsync("DescribeServerlessCaches", "ServerlessCaches", "NextToken", question, stop);
        return [.. found.Select(CacheXml.Serverless)];
    }

    /// <summary>The group of that name.</summary>
    public async ValueTask<ParameterGroup?> ParameterGroupAsync(string name, CancellationToken stop)
    {
        try
        {
            var found = await ListAsync("DescribeCacheParameterGroups", "CacheParameterGroups", stop, ("CacheParameterGroupName", name));
            return found.Select(CacheXml.ParameterGroup).FirstOrDefault();
        }
        catch (AwsException absent) when (absent.IsAbsent)
        {
            return null;
        }
    }

    /// <summary>Every parameter of the group, by name.</summary>
    public async ValueTask<IReadOnlyDictionary<string, GroupParameter>> ParametersAsync(string group, CancellationToken stop) =>
        (await ListAsync("DescribeCacheParameters", "Parameters", stop, ("CacheParameterGroupName", group)))
            .Select(CacheXml.Parameter)
            .DistinctBy(static parameter => parameter.Name)
            .ToDictionary(static parameter => parameter.Name, StringComparer.Ordinal);

    /// <summary>All parameter groups.</summary>
    public async ValueTask<IReadOnlyList<ParameterGroup>> ParameterGroupsAsync(CancellationToken stop) =>
        [.. (await ListAsync("DescribeCacheParameterGroups", "CacheParameterGroups", stop)).Select(CacheXml.ParameterGroup)];

    /// <summary>Service updates of a cache that are not complete: AWS may replace nodes for them.</summary>
    public async ValueTask<IReadOnlyList<ServiceUpdate>> UpdatesAsync(Cache cache, CancellationToken stop) =>
        [
            .. (
                await ListAsync(
                    "DescribeUpdateActions",
                    "UpdateActions",
                    stop,
                    (cache.Kind == CacheKind.Standalone ? "CacheClusterIds.member.1" : "ReplicationGroupIds.member.1", cache.Id)
                )
            )
                .Select(CacheXml.Update)
                .Where(static update => update.IsPending),
        ];

    /// <summary>The VPC and the subnets of a subnet group.</summary>
    public async ValueTask<(string Vpc, IReadOnlyList<string> Subnets)> SubnetGroupAsync(string name, CancellationToken stop)
    {
        var found = await ListAsync("DescribeCacheSubnetGroups", "CacheSubnetGroups", stop, ("CacheSubnetGroupName", name));
        var group = found[0];
        return (group.Required("VpcId"), [.. group.Items("Subnets").Select(static one => one.Required("SubnetIdentifier"))]);
    }

    /// <summary>In how many availability zones a cache has subnets; 0 of a serverless cache, which does not tell.</summary>
    public async ValueTask<int> ZonesAsync(Cache cache, CancellationToken stop)
    {
        if (cache.Members.Select(static member => member.SubnetGroup).FirstOrDefault(static name => name is not null) is not { } name)
        {
            return 0;
        }

        var found = await ListAsync("DescribeCacheSubnetGroups", "CacheSubnetGroups", stop, ("CacheSubnetGroupName", name));
        return found[0]
            .Items("Subnets")
            .Select(static one => one.Child("SubnetAvailabilityZone")?.Required("Name"))
            .Distinct(StringComparer.Ordinal)
            .Count();
    }

    /// <summary>Names of all subnet groups, with their VPC.</summary>
    public async ValueTask<IReadOnlyList<(string Name, string Vpc)>> SubnetGroupsAsync(CancellationToken stop) =>
        [
            .. (await ListAsync("DescribeCacheSubnetGroups", "CacheSubnetGroups", stop)).Select(static group =>
                (group.Required("CacheSubnetGroupName"), group.Required("VpcId"))
            ),
        ];

    /// <summary>Versions of an engine with the family of their parameter groups, the latest last.</summary>
    public async ValueTask<IReadOnlyList<(string Version, string Family)>> EngineVersionsAsync(
        string engine,
        string? version,
        CancellationToken stop
    ) =>
        [
            .. (
                await ListAsync("DescribeCacheEngineVersions", "CacheEngineVersions", stop, ("Engine", engine), ("EngineVersion", version))
            ).Select(static one => (one.Required("EngineVersion"), one.Required("CacheParameterGroupFamily"))),
        ];

    /// <summary>What happened to a cache in the last hours, the oldest first.</summary>
    public async ValueTask<IReadOnlyList<(DateTimeOffset? At, string Message)>> EventsAsync(
        string id,
        string type,
        int minutes,
        CancellationToken stop
    ) =>
        [
            .. (
                await ListAsync(
                    "DescribeEvents",
                    "Events",
                    stop,
                    ("SourceIdentifier", id),
                    ("SourceType", type),
                    ("Duration", $"{minutes}")
                )
            ).Select(static one => (one.Time("Date"), one.Required("Message"))),
        ];

    /// <summary>Makes any call that changes something; what it says is data, so that a plan can print it.</summary>
    public ValueTask<XElement> ChangeAsync(CacheChange change, CancellationToken stop) =>
        _query.CallAsync(
            change.Action,
            change.Parameters.Select(static one => new KeyValuePair<string, string?>(one.Name, one.Value)),
            stop
        );

    private async ValueTask<List<XElement>> ListAsync(
        string action,
        string list,
        CancellationToken stop,
        params (string Name, string? Value)[] parameters
    ) =>
        await _query.ListAsync(
            action,
            list,
            "Marker",
            [.. parameters.Select(static one => new KeyValuePair<string, string?>(one.Name, one.Value))],
            stop
        );
}
