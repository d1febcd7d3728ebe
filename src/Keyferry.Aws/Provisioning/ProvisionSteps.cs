using Keyferry.Aws.ElastiCache;
using Keyferry.Model;

namespace Keyferry.Aws.Provisioning;

/// <summary>One call of a provision or of a delete: one of ElastiCache's, or one on the secret.</summary>
/// <param name="Cache">What is said to ElastiCache, or <see langword="null"/>.</param>
/// <param name="SecretAction"><c>CreateSecret</c> or <c>DeleteSecret</c>, or <see langword="null"/>.</param>
/// <param name="Why">What it is for.</param>
internal sealed record ProvisionStep(CacheChange? Cache, string? SecretAction, string Why)
{
    /// <summary>The name of the secret that is acted on.</summary>
    public string SecretName { get; init; } = "";

    /// <inheritdoc/>
    public override string ToString() => Cache?.ToString() ?? $"secretsmanager:{SecretAction} {SecretName}";
}

/// <summary>The calls that are left: pure, from what is intended and what exists.</summary>
internal static class ProvisionSteps
{
    /// <summary>What is left until the cache is asked for: group first, so that the cache is born with it.</summary>
    public static IReadOnlyList<ProvisionStep> ToCreate(ProvisionIntent intent, ProvisionLook look)
    {
        var steps = new List<ProvisionStep>();
        if (look.Group is null)
        {
            var create = CacheChange.CreateGroup(
                intent.ParameterGroup,
                intent.Family,
                $"Keyferry: for {intent.Id}",
                "a parameter group of its own"
            );
            steps.Add(new ProvisionStep(create, null, create.Why));
        }

        var missing = intent.Values.Where(value => look.Group?.GetValueOrDefault(value.Name)?.Value != value.Value).ToList();
        if (missing.Count > 0)
        {
            var set = CacheChange.SetValues(intent.ParameterGroup, missing, "set before the cache exists, so that it never runs without");
            steps.Add(new ProvisionStep(set, null, set.Why));
        }

        if (intent.Token && look.Token is null)
        {
            steps.Add(
                new ProvisionStep(null, "CreateSecret", "holds the AUTH token, which is made at random and never printed")
                {
                    SecretName = intent.SecretName,
                }
            );
        }

        if (look.Cache is null)
        {
            var create = Create(intent, look.Token);
            steps.Add(new ProvisionStep(create, null, create.Why));
        }

        return steps;
    }

    /// <summary>What is left until nothing of it exists: the cache first, since it uses the rest.</summary>
    public static IReadOnlyList<ProvisionStep> ToDelete(ProvisionIntent intent, ProvisionLook look)
    {
        var steps = new List<ProvisionStep>();
        if (look.Cache is not null)
        {
            var delete = new CacheChange(
                "DeleteReplicationGroup",
                "the cache with everything in it; no snapshot is taken",
                [("ReplicationGroupId", intent.Id), ("RetainPrimaryCluster", "false")]
            );
            steps.Add(new ProvisionStep(delete, null, delete.Why));
        }

        if (look.Group is not null)
        {
            var delete = CacheChange.DeleteGroup(intent.ParameterGroup, "its parameter group");
            steps.Add(new ProvisionStep(delete, null, delete.Why));
        }

        if (look.Token is not null)
        {
            steps.Add(new ProvisionStep(null, "DeleteSecret", "its AUTH token") { SecretName = intent.SecretName });
        }

        return steps;
    }

    private static CacheChange Create(ProvisionIntent intent, Secret? token)
    {
        List<(string, string)> said =
        [
            ("ReplicationGroupId", intent.Id),
            ("ReplicationGroupDescription", "Made by keyferry elasticache provision"),
            ("Engine", intent.Engine),
            ("EngineVersion", intent.EngineVersion),
            ("CacheNodeType", intent.NodeType),
            ("CacheParameterGroupName", intent.ParameterGroup),
        ];
        said.AddRange(
            intent.Shards > 0
                ?
                [
                    ("NumNodeGroups", $"{intent.Shards}"),
                    ("ReplicasPerNodeGroup", $"{intent.Replicas}"),
                    ("AutomaticFailoverEnabled", "true"),
                ]
                : [("NumCacheClusters", $"{intent.Replicas + 1}"), ("AutomaticFailoverEnabled", intent.Replicas > 0 ? "true" : "false")]
        );
        if (intent.Replicas > 0)
        {
            said.Add(("MultiAZEnabled", "true"));
        }

        if (intent.SubnetGroup is { } subnets)
        {
            said.Add(("CacheSubnetGroupName", subnets));
        }

        said.AddRange(intent.SecurityGroups.Select(static (id, index) => ($"SecurityGroupIds.SecurityGroupId.{index + 1}", id)));
        if (intent.Encrypted)
        {
            said.AddRange([("TransitEncryptionEnabled", "true"), ("AtRestEncryptionEnabled", "true")]);
        }

        if (intent.Token)
        {
            said.Add(("AuthToken", token?.Reveal() ?? ""));
        }

        said.AddRange([("Tags.Tag.1.Key", "created-by"), ("Tags.Tag.1.Value", "keyferry")]);
        return new CacheChange("CreateReplicationGroup", "the cache, with the group attached from the first moment", said);
    }
}
