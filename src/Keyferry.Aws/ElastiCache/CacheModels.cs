namespace Keyferry.Aws.ElastiCache;

/// <summary>A host and a port, as the interface names them.</summary>
internal readonly record struct CacheAddress(string Host, int Port)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>What an id can stand for.</summary>
internal enum CacheKind
{
    /// <summary>A node of its own, without replicas: a cache cluster that belongs to no replication group.</summary>
    Standalone,

    /// <summary>A replication group: one shard, or several with cluster mode on.</summary>
    ReplicationGroup,

    /// <summary>A serverless cache: no nodes, no parameter group, no keyspace notifications.</summary>
    Serverless,
}

/// <summary>How clients prove who they are.</summary>
internal enum CacheAuth
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>One token for everybody.</summary>
    Token,

    /// <summary>Users of user groups, with passwords or IAM.</summary>
    Users,
}

/// <summary>One node: a member of a replication group, or one that stands alone.</summary>
internal sealed record CacheMember
{
    /// <summary><c>shop-0001-001</c></summary>
    public required string Id { get; init; }

    /// <summary><c>available</c>, <c>modifying</c>, ...</summary>
    public required string Status { get; init; }

    /// <summary><c>redis</c>, <c>valkey</c> or <c>memcached</c>.</summary>
    public required string Engine { get; init; }

    /// <summary><c>7.1.0</c></summary>
    public required string EngineVersion { get; init; }

    /// <summary><c>cache.r7g.large</c></summary>
    public required string NodeType { get; init; }

    /// <summary>The parameter group that it has, or is about to have.</summary>
    public required string ParameterGroup { get; init; }

    /// <summary><c>in-sync</c>, <c>applying</c>, <c>pending-reboot</c></summary>
    public required string ApplyStatus { get; init; }

    /// <summary>Nodes whose own <c>ParameterGroupStatus</c> is another than <c>in-sync</c>, with that.</summary>
    public IReadOnlyList<string> OutOfSync { get; init; } = [];

    /// <summary>Nodes that must be rebooted before the group holds.</summary>
    public IReadOnlyList<string> NodesToReboot { get; init; } = [];

    /// <summary>The replication group it belongs to, or <see langword="null"/>.</summary>
    public string? ReplicationGroup { get; init; }

    /// <summary>The node's own endpoint, or <see langword="null"/> while it is being created.</summary>
    public CacheAddress? Address { get; init; }

    /// <summary>Whether connections are encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>How clients prove who they are; a member of a group with users says no token.</summary>
    public CacheAuth Auth { get; init; }

    /// <summary>The subnet group's name, or <see langword="null"/>.</summary>
    public string? SubnetGroup { get; init; }

    /// <summary>Ids of the security groups.</summary>
    public IReadOnlyList<string> SecurityGroups { get; init; } = [];

    /// <summary><c>sun:23:00-mon:01:30</c></summary>
    public string MaintenanceWindow { get; init; } = "";

    /// <summary>Whether the node is available and follows its group in everything.</summary>
    public bool IsSettled => Status == "available" && ApplyStatus == "in-sync" && OutOfSync.Count == 0 && NodesToReboot.Count == 0;
}

/// <summary>One shard of a replication group.</summary>
/// <param name="Id"><c>0001</c></param>
/// <param name="Slots">With cluster mode, <c>0-8191</c>; else empty.</param>
/// <param name="Primary">Follows failovers; without cluster mode only.</param>
/// <param name="Members">Ids of its nodes.</param>
internal sealed record CacheShard(string Id, string Slots, CacheAddress? Primary, IReadOnlyList<string> Members);

/// <summary>What an id stands for, with everything that Keyferry needs to know of it.</summary>
internal sealed record Cache
{
    /// <summary>Which kind it is.</summary>
    public required CacheKind Kind { get; init; }

    /// <summary>Its id, or a serverless cache's name.</summary>
    public required string Id { get; init; }

    /// <summary><c>available</c>, <c>creating</c>, <c>modifying</c>, ...</summary>
    public required string Status { get; init; }

    /// <summary><c>redis</c> or <c>valkey</c>.</summary>
    public required string Engine { get; init; }

    /// <summary><c>7.1.0</c></summary>
    public required string EngineVersion { get; init; }

    /// <summary>Whether clients must speak the cluster protocol.</summary>
    public bool ClusterMode { get; init; }

    /// <summary>Whether connections are encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>How clients prove who they are.</summary>
    public CacheAuth Auth { get; init; }

    /// <summary>The user groups, where clients are users.</summary>
    public IReadOnlyList<string> UserGroups { get; init; } = [];

    /// <summary>Where clients connect; <see langword="null"/> while it is being created.</summary>
    public CacheAddress? Address { get; init; }

    /// <summary>The shards of a replication group.</summary>
    public IReadOnlyList<CacheShard> Shards { get; init; } = [];

    /// <summary>All nodes; none of a serverless cache.</summary>
    public IReadOnlyList<CacheMember> Members { get; init; } = [];

    /// <summary>Subnets of a serverless cache; a node's are those of its subnet group.</summary>
    public IReadOnlyList<string> Subnets { get; init; } = [];

    /// <summary>Ids of the security groups.</summary>
    public IReadOnlyList<string> SecurityGroups { get; init; } = [];

    /// <summary>Its ARN.</summary>
    public string Arn { get; init; } = "";

    /// <summary>What is being changed on it at this moment, in words; empty for nothing.</summary>
    public string Pending { get; init; } = "";

    /// <summary>The parameter groups of the members; more than one while a change is under way.</summary>
    public IReadOnlyList<string> ParameterGroups => [.. Members.Select(static member => member.ParameterGroup).Distinct()];

    /// <summary>What it is, in words.</summary>
    public string KindWords =>
        Kind switch
        {
            CacheKind.Standalone => "standalone cluster",
            CacheKind.Serverless => "serverless cache",
            _ when ClusterMode => "replication group, cluster mode on",
            _ => "replication group, cluster mode off",
        };
}

/// <summary>One parameter of a group.</summary>
/// <param name="Name"><c>notify-keyspace-events</c></param>
/// <param name="Value">An empty text where none is told.</param>
/// <param name="Source"><c>user</c> where somebody has set it; <c>system</c> or <c>engine-default</c> else.</param>
/// <param name="IsModifiable">Whether it can be set.</param>
/// <param name="ChangeType"><c>immediate</c> or <c>requires-reboot</c>.</param>
internal sealed record GroupParameter(string Name, string Value, string Source, bool IsModifiable, string ChangeType)
{
    /// <summary>Whether somebody has set it.</summary>
    public bool IsUserSet => Source == "user";
}

/// <summary>A parameter group.</summary>
/// <param name="Name">Stored in small letters.</param>
/// <param name="Family"><c>redis7</c></param>
/// <param name="Description">A text.</param>
/// <param name="IsGlobal">It belongs to a global datastore: a change reaches other regions.</param>
/// <param name="Arn">Its ARN.</param>
internal sealed record ParameterGroup(string Name, string Family, string Description, bool IsGlobal, string Arn)
{
    /// <summary>Whether it is one of AWS's own, which cannot be changed.</summary>
    public bool IsDefault => Name.StartsWith("default.", StringComparison.Ordinal);
}

/// <summary>A change of AWS's own to a cache's nodes, such as a new patch.</summary>
/// <param name="Name"><c>elasticache-20260901-redis</c></param>
/// <param name="Severity"><c>critical</c>, <c>important</c>, <c>medium</c>, <c>low</c></param>
/// <param name="Status"><c>not-applied</c>, <c>scheduled</c>, <c>in-progress</c>, <c>complete</c>, ...</param>
/// <param name="ApplyBy">Until when AWS wants it applied; then it may do so by itself, in a maintenance window.</param>
internal sealed record ServiceUpdate(string Name, string Severity, string Status, DateTimeOffset? ApplyBy)
{
    /// <summary>Whether it is yet to come, or is being applied.</summary>
    public bool IsPending => Status is not ("complete" or "not-applicable" or "");
}
