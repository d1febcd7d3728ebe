using System.Xml.Linq;
using Keyferry.AwsDouble.Caches;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.ElastiCache;

/// <summary>Nodes and replication groups that exist: telling of them, changing and deleting them.</summary>
internal sealed class CacheActions(CacheWorld world)
{
    public void AddTo(Dictionary<string, Func<Question, Task<object?>>> actions)
    {
        actions["DescribeCacheClusters"] = question => Task.FromResult(DescribeClusters(question));
        actions["DescribeReplicationGroups"] = question => Task.FromResult(DescribeGroups(question));
        actions["DescribeServerlessCaches"] = question => Task.FromResult(DescribeServerless(question));
        actions["ModifyCacheCluster"] = question => Task.FromResult(ModifyCluster(question));
        actions["ModifyReplicationGroup"] = question => Task.FromResult(ModifyGroup(question));
        actions["DeleteCacheCluster"] = question => Task.FromResult(DeleteCluster(question));
        actions["DeleteReplicationGroup"] = question => Task.FromResult(DeleteGroup(question));
    }

    private object? DescribeClusters(Question question)
    {
        var id = question.Get("CacheClusterId");
        var endpoints = question.Flag("ShowCacheNodeInfo");
        var alone = question.Flag("ShowCacheClustersNotInReplicationGroups");
        var found = id is null ? world.Nodes.Values : (IEnumerable<NodeState>)[Node(id)];
        return Pages.Of(
            question,
            "CacheClusters",
            [.. found.Where(node => !alone || node.ReplicationGroup is null).Select(node => CacheDescription.Node(node, endpoints))]
        );
    }

    private object? DescribeGroups(Question question)
    {
        var id = question.Get("ReplicationGroupId");
        var found = id is null ? world.ReplicationGroups.Values : (IEnumerable<ReplicationGroupState>)[Group(id)];
        return Pages.Of(question, "ReplicationGroups", [.. found.Select(CacheDescription.Group)]);
    }

    private object? DescribeServerless(Question question)
    {
        var name = question.Get("ServerlessCacheName");
        _ = (question.Get("NextToken"), question.Number("MaxResults"));
        question.NothingElse();
        if (name is not null && !world.Serverless.Contains(name))
        {
            throw new RefusalException("ServerlessCacheNotFoundFault", $"Serverless Cache not found: {name}", 404);
        }

        var found = world.Serverless.Where(one => name is null || one == name);
        return new XElement(
            "ServerlessCaches",
            found.Select(one => new XElement(
                "member",
                new XElement("ServerlessCacheName", one),
                new XElement("Status", "available"),
                new XElement("Engine", "valkey"),
                new XElement("MajorEngineVersion", "8"),
                new XElement("FullEngineVersion", "8.1"),
                new XElement(
                    "Endpoint",
                    world.ServerlessServers.GetValueOrDefault(one) is { } server
                        ? new object[] { new XElement("Address", "127.0.0.1"), new XElement("Port", server.Port) }
                        : [new XElement("Address", $"{one}-abc123.serverless.eun1.cache.amazonaws.com"), new XElement("Port", 6379)]
                ),
                new XElement("ARN", $"arn:aws:elasticache:{AwsServer.Region}:{AwsServer.Account}:serverlesscache:{one}"),
                new XElement("SecurityGroupIds", new XElement("SecurityGroupId", "sg-0cache")),
                new XElement("SubnetIds", new XElement("SubnetId", "subnet-0a1"))
            ))
        );
    }

    private object? ModifyCluster(Question question)
    {
        var node = Node(question.Need("CacheClusterId"));
        if (node.ReplicationGroup is not null)
        {
            throw RefusalException.Combination("Use ModifyReplicationGroup for a cluster that is a member of a replication group.");
        }

        Attach(question, [node], () => node.Status, status => node.Status = status, "InvalidCacheClusterState", node.Id);
        return CacheDescription.Node(node, withEndpoints: false);
    }

    private object? ModifyGroup(Question question)
    {
        var group = Group(question.Need("ReplicationGroupId"));
        Attach(
            question,
            [.. group.Nodes],
            () => group.Status,
            status =>
            {
                group.Status = status;
                foreach (var node in group.Nodes)
                {
                    node.Status = status;
                }
            },
            "InvalidReplicationGroupState",
            group.Id
        );
        return CacheDescription.Group(group);
    }

    private void Attach(
        Question question,
        IReadOnlyCollection<NodeState> nodes,
        Func<string> status,
        Action<string> setStatus,
        string stateError,
        string id
    )
    {
        var group = world.Group(question.Need("CacheParameterGroupName"));
        var now = question.Flag("ApplyImmediately");
        question.NothingElse();
        if (status() != "available")
        {
            throw new RefusalException(stateError, $"{id} is not in the available state; it is {status()}.");
        }

        var first = nodes.First();
        var family = ParameterCatalog.FamilyOf(first.Engine, first.EngineVersion);
        if (group.Family != family)
        {
            throw RefusalException.Combination($"Expected a parameter group of family {family} but found one of family {group.Family}");
        }

        var clusterMode = ParameterCatalog.Find("cluster-enabled");
        if (group.ValueOf(clusterMode) != world.Group(first.Group).ValueOf(clusterMode))
        {
            throw RefusalException.Combination("The parameter group's cluster-enabled must be that of the replication group.");
        }

        // Without ApplyImmediately the change waits for the maintenance window, which never comes here.
        if (!now)
        {
            return;
        }

        setStatus("modifying");
        foreach (var node in nodes)
        {
            node.Group = group.Name;
        }

        world.ApplyLater(group, nodes);
        world.Tell(
            id,
            first.ReplicationGroup is null ? "cache-cluster" : "replication-group",
            $"Updated to use a CacheParameterGroup {group.Name}"
        );
        world.Later(() =>
        {
            setStatus("available");
            return Task.CompletedTask;
        });
    }

    private object? DeleteCluster(Question question)
    {
        var node = Node(question.Need("CacheClusterId"));
        _ = question.Get("FinalSnapshotIdentifier");
        question.NothingElse();
        if (node.Status != "available")
        {
            throw new RefusalException("InvalidCacheClusterState", $"{node.Id} is {node.Status}.");
        }

        node.Status = "deleting";
        world.Later(async () =>
        {
            _ = world.Nodes.Remove(node.Id);
            await node.Server.DisposeAsync();
        });
        return CacheDescription.Node(node, withEndpoints: false);
    }

    private object? DeleteGroup(Question question)
    {
        var group = Group(question.Need("ReplicationGroupId"));
        _ = (question.Get("FinalSnapshotIdentifier"), question.Flag("RetainPrimaryCluster"));
        question.NothingElse();
        if (group.Status != "available")
        {
            throw new RefusalException("InvalidReplicationGroupState", $"{group.Id} is {group.Status}.");
        }

        group.Status = "deleting";
        world.Later(async () =>
        {
            _ = world.ReplicationGroups.Remove(group.Id);
            foreach (var node in group.Nodes)
            {
                _ = world.Nodes.Remove(node.Id);
                await node.Server.DisposeAsync();
            }
        });
        return CacheDescription.Group(group);
    }

    private NodeState Node(string id) =>
        world.Nodes.GetValueOrDefault(id.ToLowerInvariant())
        ?? throw new RefusalException("CacheClusterNotFound", $"CacheCluster not found: {id}", 404);

    private ReplicationGroupState Group(string id) =>
        world.ReplicationGroups.GetValueOrDefault(id.ToLowerInvariant())
        ?? throw new RefusalException("ReplicationGroupNotFoundFault", $"ReplicationGroup {id} not found.", 404);
}
