using System.Globalization;
using System.Xml.Linq;
using Keyferry.AwsDouble.Caches;

namespace Keyferry.AwsDouble.ElastiCache;

/// <summary>Nodes and groups as the interface tells of them.</summary>
internal static class CacheDescription
{
    public static XElement Node(NodeState node, bool withEndpoints)
    {
        var ready = node.Status != "creating";
        return new XElement(
            "CacheCluster",
            new XElement("CacheClusterId", node.Id),
            new XElement("CacheClusterStatus", node.Status),
            new XElement("Engine", node.Engine),
            new XElement("EngineVersion", node.EngineVersion),
            new XElement("CacheNodeType", node.NodeType),
            new XElement("NumCacheNodes", 1),
            new XElement("PreferredMaintenanceWindow", node.MaintenanceWindow),
            new XElement("PendingModifiedValues"),
            new XElement(
                "CacheParameterGroup",
                new XElement("CacheParameterGroupName", node.Group),
                new XElement("ParameterApplyStatus", node.Sync),
                new XElement("CacheNodeIdsToReboot", node.Sync == "pending-reboot" ? new XElement("CacheNodeId", "0001") : null)
            ),
            node.SubnetGroup is null ? null : new XElement("CacheSubnetGroupName", node.SubnetGroup),
            withEndpoints ? new XElement("CacheNodes", CacheNode(node, ready)) : null,
            new XElement(
                "SecurityGroups",
                node.SecurityGroups.Select(static id => new XElement(
                    "member",
                    new XElement("SecurityGroupId", id),
                    new XElement("Status", "active")
                ))
            ),
            node.ReplicationGroup is null ? null : new XElement("ReplicationGroupId", node.ReplicationGroup),
            new XElement("AuthTokenEnabled", Text(node.HasToken)),
            new XElement("TransitEncryptionEnabled", Text(node.Tls)),
            new XElement("AtRestEncryptionEnabled", Text(false)),
            new XElement("ARN", $"arn:aws:elasticache:{AwsServer.Region}:{AwsServer.Account}:cluster:{node.Id}")
        );
    }

    public static XElement Group(ReplicationGroupState group) =>
        new(
            "ReplicationGroup",
            new XElement("ReplicationGroupId", group.Id),
            new XElement("Description", group.Description),
            new XElement("Status", group.Status),
            new XElement(
                "PendingModifiedValues",
                group.Resharding is { } done
                    ? new XElement("Resharding", new XElement("SlotMigration", new XElement("ProgressPercentage", done)))
                    : null
            ),
            new XElement("MemberClusters", group.Nodes.Select(static node => new XElement("ClusterId", node.Id))),
            group.Status == "creating"
                ? null
                : new XElement("NodeGroups", group.Shards.Select((shard, index) => Shard(group, shard, index))),
            new XElement("AutomaticFailover", group.ClusterMode || group.Shards[0].Count > 1 ? "enabled" : "disabled"),
            group.ClusterMode && group.Status != "creating" ? Endpoint("ConfigurationEndpoint", group.Shards[0][0]) : null,
            new XElement("ClusterEnabled", Text(group.ClusterMode)),
            new XElement("CacheNodeType", group.Nodes.First().NodeType),
            new XElement("AuthTokenEnabled", Text(group.HasToken)),
            new XElement("TransitEncryptionEnabled", Text(group.Tls)),
            new XElement("AtRestEncryptionEnabled", Text(false)),
            new XElement("UserGroupIds", group.UserGroups.Select(static id => new XElement("member", id))),
            new XElement("Engine", group.Nodes.First().Engine),
            new XElement("ARN", $"arn:aws:elasticache:{AwsServer.Region}:{AwsServer.Account}:replicationgroup:{group.Id}")
        );

    private static XElement Shard(ReplicationGroupState group, List<NodeState> shard, int index)
    {
        var (from, to) = CacheWorld.SlotsOf(index, group.Shards.Count);
        return new XElement(
            "NodeGroup",
            new XElement("NodeGroupId", (index + 1).ToString("D4", CultureInfo.InvariantCulture)),
            new XElement("Status", "available"),
            group.ClusterMode ? new XElement("Slots", $"{from}-{to}") : Endpoint("PrimaryEndpoint", shard[0]),
            group.ClusterMode ? null : Endpoint("ReaderEndpoint", shard[^1]),
            new XElement(
                "NodeGroupMembers",
                shard.Select(node => new XElement(
                    "NodeGroupMember",
                    new XElement("CacheClusterId", node.Id),
                    new XElement("CacheNodeId", "0001"),
                    Endpoint("ReadEndpoint", node),
                    new XElement("PreferredAvailabilityZone", $"{AwsServer.Region}a"),
                    group.ClusterMode ? null : new XElement("CurrentRole", node == shard[0] ? "primary" : "replica")
                ))
            )
        );
    }

    private static XElement CacheNode(NodeState node, bool ready) =>
        new(
            "CacheNode",
            new XElement("CacheNodeId", "0001"),
            new XElement("CacheNodeStatus", node.Status),
            ready ? Endpoint("Endpoint", node) : null,
            new XElement("ParameterGroupStatus", node.Sync),
            new XElement("CustomerAvailabilityZone", $"{AwsServer.Region}a")
        );

    private static XElement Endpoint(string name, NodeState node) =>
        new(name, new XElement("Address", "127.0.0.1"), new XElement("Port", node.ToldPort ?? node.Server.Port));

    private static string Text(bool value) => value ? "true" : "false";
}
