namespace Keyferry.AwsDouble.Caches;

/// <summary>A node as the interface tells of it, and the server behind it.</summary>
public sealed class NodeState
{
    public required string Id { get; init; }

    public required string Engine { get; init; }

    public required string EngineVersion { get; init; }

    public required string NodeType { get; init; }

    public required string Group { get; set; }

    public required LocalNode Server { get; init; }

    public string? ReplicationGroup { get; init; }

    public string? SubnetGroup { get; init; }

    public IReadOnlyList<string> SecurityGroups { get; init; } = [];

    public bool Tls { get; init; }

    public bool HasToken { get; init; }

    /// <summary><c>creating</c>, <c>available</c>, <c>modifying</c>, <c>deleting</c></summary>
    public string Status { get; set; } = "creating";

    /// <summary><c>in-sync</c>, <c>applying</c></summary>
    public string Sync { get; set; } = "in-sync";
}

/// <summary>A replication group as the interface tells of it.</summary>
public sealed class ReplicationGroupState
{
    public required string Id { get; init; }

    public required string Description { get; init; }

    public bool ClusterMode { get; init; }

    public bool Tls { get; init; }

    public bool HasToken { get; init; }

    public IReadOnlyList<string> UserGroups { get; init; } = [];

    public string Status { get; set; } = "creating";

    /// <summary>The nodes of each shard, its primary first.</summary>
    public List<List<NodeState>> Shards { get; } = [];

    public IEnumerable<NodeState> Nodes => Shards.SelectMany(static shard => shard);
}
