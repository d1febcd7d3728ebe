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

    /// <summary><c>in-sync</c>, <c>applying</c>, <c>pending-reboot</c></summary>
    public string Sync { get; set; } = "in-sync";

    /// <summary>The port that is told of, where it is another than the server's: one that is closed by a firewall.</summary>
    public int? ToldPort { get; set; }

    /// <summary><c>sun:23:00-mon:01:30</c></summary>
    public string MaintenanceWindow { get; set; } = "sun:23:00-mon:01:30";
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

    /// <summary>How far slots have been moved, in per cent; nothing where none are.</summary>
    public int? Resharding { get; set; }

    /// <summary>The nodes of each shard, its primary first.</summary>
    public List<List<NodeState>> Shards { get; } = [];

    public IEnumerable<NodeState> Nodes => Shards.SelectMany(static shard => shard);
}
