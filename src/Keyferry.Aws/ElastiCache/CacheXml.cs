using System.Xml.Linq;
using Keyferry.Aws.Calls;

namespace Keyferry.Aws.ElastiCache;

/// <summary>Reads what ElastiCache answers. Elements that are not known are passed over: the service adds new ones.</summary>
internal static class CacheXml
{
    /// <summary>One <c>CacheCluster</c>.</summary>
    public static CacheMember Member(XElement cluster)
    {
        var group = cluster.Child("CacheParameterGroup");
        var nodes = cluster.Items("CacheNodes").ToList();
        return new CacheMember
        {
            Id = cluster.Required("CacheClusterId"),
            Status = cluster.Required("CacheClusterStatus"),
            Engine = cluster.Required("Engine"),
            EngineVersion = cluster.Required("EngineVersion"),
            NodeType = cluster.Required("CacheNodeType"),
            ParameterGroup = group?.Required("CacheParameterGroupName") ?? "",
            ApplyStatus = group?.Required("ParameterApplyStatus") ?? "",
            NodesToReboot = [.. (group?.Items("CacheNodeIdsToReboot") ?? []).Select(static node => node.Value)],
            OutOfSync =
            [
                .. nodes
                    .Where(static node => node.Text("ParameterGroupStatus") is { Length: > 0 } status && status != "in-sync")
                    .Select(static node => $"{node.Required("CacheNodeId")} {node.Required("ParameterGroupStatus")}"),
            ],
            ReplicationGroup = cluster.Text("ReplicationGroupId") is { Length: > 0 } id ? id : null,
            Address = nodes.Select(static node => Address(node.Child("Endpoint"))).FirstOrDefault(static address => address is not null),
            Tls = cluster.Flag("TransitEncryptionEnabled"),
            Auth = cluster.Flag("AuthTokenEnabled") ? CacheAuth.Token : CacheAuth.None,
            SubnetGroup = cluster.Text("CacheSubnetGroupName") is { Length: > 0 } subnets ? subnets : null,
            SecurityGroups = [.. cluster.Items("SecurityGroups").Select(static one => one.Required("SecurityGroupId"))],
            MaintenanceWindow = cluster.Required("PreferredMaintenanceWindow"),
        };
    }

    /// <summary>One <c>ReplicationGroup</c>; its members are read apart.</summary>
    public static Cache Group(XElement group)
    {
        var shards = group
            .Items("NodeGroups")
            .Select(static shard => new CacheShard(
                shard.Required("NodeGroupId"),
                shard.Required("Slots"),
                Address(shard.Child("PrimaryEndpoint")),
                [.. shard.Items("NodeGroupMembers").Select(static member => member.Required("CacheClusterId"))]
            ))
            .ToList();
        var users = group.Items("UserGroupIds").Select(static one => one.Value).ToList();
        var clusterMode = group.Flag("ClusterEnabled");
        return new Cache
        {
            Kind = CacheKind.ReplicationGroup,
            Id = group.Required("ReplicationGroupId"),
            Status = group.Required("Status"),
            Engine = group.Text("Engine") ?? "redis",
            EngineVersion = "",
            ClusterMode = clusterMode,
            Tls = group.Flag("TransitEncryptionEnabled"),
            Auth =
                group.Flag("AuthTokenEnabled") ? CacheAuth.Token
                : users.Count > 0 ? CacheAuth.Users
                : CacheAuth.None,
            UserGroups = users,
            Address = clusterMode ? Address(group.Child("ConfigurationEndpoint")) : shards.FirstOrDefault()?.Primary,
            Shards = shards,
            Arn = group.Required("ARN"),
            Pending = Pending(group.Child("PendingModifiedValues")),
        };
    }

    /// <summary>One <c>ServerlessCache</c>.</summary>
    public static Cache Serverless(XElement cache) =>
        new()
        {
            Kind = CacheKind.Serverless,
            Id = cache.Required("ServerlessCacheName"),
            Status = cache.Required("Status"),
            Engine = cache.Required("Engine"),
            EngineVersion = cache.Text("FullEngineVersion") ?? cache.Required("MajorEngineVersion"),
            ClusterMode = true,
            Tls = true,
            Auth = cache.Text("UserGroupId") is { Length: > 0 } ? CacheAuth.Users : CacheAuth.None,
            UserGroups = cache.Text("UserGroupId") is { Length: > 0 } group ? [group] : [],
            Address = Address(cache.Child("Endpoint")),
            Subnets = [.. cache.Items("SubnetIds").Select(static one => one.Value)],
            SecurityGroups = [.. cache.Items("SecurityGroupIds").Select(static one => one.Value)],
            Arn = cache.Required("ARN"),
        };

    /// <summary>One <c>Parameter</c>. An empty value may be an empty element, or none.</summary>
    public static GroupParameter Parameter(XElement parameter) =>
        new(
            parameter.Required("ParameterName"),
            parameter.Required("ParameterValue"),
            parameter.Required("Source"),
            parameter.Flag("IsModifiable"),
            parameter.Text("ChangeType") ?? "immediate"
        );

    /// <summary>One <c>CacheParameterGroup</c>.</summary>
    public static ParameterGroup ParameterGroup(XElement group) =>
        new(
            group.Required("CacheParameterGroupName"),
            group.Required("CacheParameterGroupFamily"),
            group.Required("Description"),
            group.Flag("IsGlobal"),
            group.Required("ARN")
        );

    /// <summary>One <c>UpdateAction</c>.</summary>
    public static ServiceUpdate Update(XElement update) =>
        new(
            update.Required("ServiceUpdateName"),
            update.Required("ServiceUpdateSeverity"),
            update.Required("UpdateActionStatus"),
            update.Time("ServiceUpdateRecommendedApplyByDate")
        );

    private static CacheAddress? Address(XElement? endpoint) =>
        endpoint?.Text("Address") is { Length: > 0 } host ? new CacheAddress(host, endpoint.Number("Port")) : null;

    private static string Pending(XElement? values)
    {
        if (values is null || !values.HasElements)
        {
            return "";
        }

        var resharding = values.Child("Resharding")?.Child("SlotMigration")?.Text("ProgressPercentage");
        return resharding is null
            ? string.Join(", ", values.Elements().Select(static one => $"{one.Name.LocalName} {(one.HasElements ? "" : one.Value)}".Trim()))
            : $"resharding, {resharding} %";
    }
}
