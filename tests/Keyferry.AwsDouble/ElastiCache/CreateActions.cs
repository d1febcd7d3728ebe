using System.Globalization;
using System.Text.RegularExpressions;
using Keyferry.AwsDouble.Caches;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.ElastiCache;

/// <summary>Creating caches: real servers are started.</summary>
internal sealed class CreateActions(CacheWorld world)
{
    public void AddTo(Dictionary<string, Func<Question, Task<object?>>> actions)
    {
        actions["CreateCacheCluster"] = CreateClusterAsync;
        actions["CreateReplicationGroup"] = CreateGroupAsync;
    }

    private async Task<object?> CreateClusterAsync(Question question)
    {
        var id = Identifier(question.Need("CacheClusterId"), 50);
        var terms = Terms.Read(question, world);
        if (question.Number("NumCacheNodes") is not 1)
        {
            throw RefusalException.Value("NumCacheNodes should be 1 if engine is redis");
        }

        question.NothingElse();
        if (world.Nodes.ContainsKey(id))
        {
            throw new RefusalException("CacheClusterAlreadyExists", $"Cache cluster {id} already exists.");
        }

        terms.Check(clusterMode: false);
        var node = await StartAsync(terms, id, null, new NodeTerms(false, terms.Token, terms.Tls ? world.Certificate : null, null, false));
        world.Later(() =>
        {
            node.Status = "available";
            world.Tell(id, "cache-cluster", "Cache cluster created");
            return Task.CompletedTask;
        });
        return CacheDescription.Node(node, withEndpoints: false);
    }

    private async Task<object?> CreateGroupAsync(Question question)
    {
        var id = Identifier(question.Need("ReplicationGroupId"), 40);
        var description = question.Need("ReplicationGroupDescription");
        var terms = Terms.Read(question, world);
        var (nodes, shards, replicas) = (
            question.Number("NumCacheClusters"),
            question.Number("NumNodeGroups"),
            question.Number("ReplicasPerNodeGroup")
        );
        var automatic = question.Flag("AutomaticFailoverEnabled");
        _ = question.Flag("MultiAZEnabled");
        var users = question.List("UserGroupIds", "member");
        question.NothingElse();
        if (world.ReplicationGroups.ContainsKey(id))
        {
            throw new RefusalException("ReplicationGroupAlreadyExists", $"Replication group {id} already exists.");
        }

        var clusterMode = terms.Group.ValueOf(ParameterCatalog.Find("cluster-enabled")) == "yes";
        terms.Check(clusterMode);
        if ((shards is > 1) && !clusterMode)
        {
            throw RefusalException.Combination("NumNodeGroups greater than 1 needs a parameter group with cluster-enabled=yes.");
        }

        if (clusterMode && !automatic)
        {
            throw RefusalException.Combination("Redis with cluster mode enabled cannot be created with auto failover turned off.");
        }

        var (count, behind) = clusterMode ? (shards ?? 1, replicas ?? 0) : (1, (nodes ?? 1 + (replicas ?? 0)) - 1);
        var group = new ReplicationGroupState
        {
            Id = id,
            Description = description,
            ClusterMode = clusterMode,
            Tls = terms.Tls,
            HasToken = terms.Token is not null,
            UserGroups = users,
        };
        await StartGroupAsync(terms, group, count, behind);
        return CacheDescription.Group(group);
    }

    private async Task StartGroupAsync(Terms terms, ReplicationGroupState group, int shards, int replicas)
    {
        world.ReplicationGroups[group.Id] = group;
        for (var shard = 1; shard <= shards; shard++)
        {
            group.Shards.Add(await StartShardAsync(terms, group, shard, replicas));
        }

        if (group.ClusterMode)
        {
            await CacheWorld.FormClusterAsync([.. group.Shards.Select(static shard => shard[0])]);
        }

        world.Later(() =>
        {
            group.Status = "available";
            foreach (var node in group.Nodes)
            {
                node.Status = "available";
            }

            world.Tell(group.Id, "replication-group", "Replication group created");
            return Task.CompletedTask;
        });
    }

    private async Task<List<NodeState>> StartShardAsync(Terms terms, ReplicationGroupState group, int shard, int replicas)
    {
        var nodes = new List<NodeState>();
        for (var index = 0; index <= (group.ClusterMode ? 0 : replicas); index++)
        {
            var number = (index + 1).ToString("D3", CultureInfo.InvariantCulture);
            var id = group.ClusterMode ? $"{group.Id}-{shard:D4}-{number}" : $"{group.Id}-{number}";
            var how = new NodeTerms(
                group.ClusterMode,
                terms.Token,
                terms.Tls ? world.Certificate : null,
                index == 0 ? null : nodes[0].Server.PlainPort,
                replicas > 0 || group.ClusterMode
            );
            nodes.Add(await StartAsync(terms, id, group.Id, how));
        }

        return nodes;
    }

    private Task<NodeState> StartAsync(Terms terms, string id, string? replicationGroup, NodeTerms how) =>
        world.StartNodeAsync(
            how,
            server => new NodeState
            {
                Id = id,
                Engine = terms.Engine,
                EngineVersion = terms.Version,
                NodeType = terms.NodeType,
                Group = terms.Group.Name,
                ReplicationGroup = replicationGroup,
                SubnetGroup = terms.SubnetGroup,
                SecurityGroups = terms.SecurityGroups,
                Tls = terms.Tls,
                HasToken = terms.Token is not null,
                Server = server,
            }
        );

    private static string Identifier(string id, int most) =>
        id.Length <= most && Regex.IsMatch(id, "^[A-Za-z](?:-?[A-Za-z0-9])*$", RegexOptions.None, TimeSpan.FromSeconds(1))
            ? id.ToLowerInvariant()
            : throw RefusalException.Value($"The parameter is not a valid identifier: {id}");

    /// <summary>What both ways to create a cache have in common.</summary>
    private sealed record Terms(
        string Engine,
        string Version,
        string NodeType,
        GroupState Group,
        bool Tls,
        string? Token,
        string? SubnetGroup,
        IReadOnlyList<string> SecurityGroups
    )
    {
        public static Terms Read(Question question, CacheWorld world)
        {
            var engine = question.Get("Engine") ?? "redis";
            var version = question.Get("EngineVersion") ?? (engine == "valkey" ? "8.1" : "7.1");
            var group = question.Get("CacheParameterGroupName") ?? $"default.{ParameterCatalog.FamilyOf(engine, version)}";
            _ = (question.Number("Port"), question.Flag("AtRestEncryptionEnabled"), question.Structures("Tags", "Tag"));
            _ = (question.Get("SnapshotRetentionLimit"), question.Get("PreferredMaintenanceWindow"), question.Get("TransitEncryptionMode"));
            var subnets = question.Get("CacheSubnetGroupName");
            if (subnets is not null && subnets != LookUpActions.SubnetGroup)
            {
                throw new RefusalException("CacheSubnetGroupNotFoundFault", $"Cache Subnet Group {subnets} does not exist.");
            }

            return new Terms(
                engine,
                version,
                question.Need("CacheNodeType"),
                world.Group(group),
                question.Flag("TransitEncryptionEnabled"),
                question.Get("AuthToken"),
                subnets,
                question.List("SecurityGroupIds", "SecurityGroupId")
            );
        }

        public void Check(bool clusterMode)
        {
            var family = ParameterCatalog.FamilyOf(Engine, Version);
            if (Group.Family != family)
            {
                throw RefusalException.Combination($"Expected a parameter group of family {family} but found one of family {Group.Family}");
            }

            if (!clusterMode && Group.ValueOf(ParameterCatalog.Find("cluster-enabled")) == "yes")
            {
                throw RefusalException.Combination("A cache cluster cannot use a parameter group with cluster-enabled=yes.");
            }

            if (Token is not null && !Tls)
            {
                throw RefusalException.Combination("The AUTH token is only supported when encryption-in-transit is enabled.");
            }

            if (
                Token is { Length: < 16 or > 128 }
                || Token?.Any(static c => !char.IsAsciiLetterOrDigit(c) && !"!&#$^<>-".Contains(c)) == true
            )
            {
                throw RefusalException.Value("Invalid AuthToken provided. It must be 16 to 128 printable characters.");
            }

            if (!NodeType.StartsWith("cache.", StringComparison.Ordinal))
            {
                throw RefusalException.Value($"Invalid Cache Node Type: {NodeType}.");
            }
        }
    }
}
