using System.Text.Json;
using System.Text.Json.Serialization;
using Keyferry.Aws.Notifications;

namespace Keyferry.Aws.Provisioning;

/// <summary>A cache that is to be created, with everything that is made for it. It is recorded before the first call, and is what delete goes by. It holds no secret.</summary>
internal sealed record ProvisionIntent
{
    /// <summary>Where.</summary>
    public required string Region { get; init; }

    /// <summary>The replication group's id.</summary>
    public required string Id { get; init; }

    /// <summary><c>valkey</c> or <c>redis</c>.</summary>
    public required string Engine { get; init; }

    /// <summary><c>8.1</c></summary>
    public required string EngineVersion { get; init; }

    /// <summary><c>valkey8</c></summary>
    public required string Family { get; init; }

    /// <summary><c>cache.t4g.small</c></summary>
    public required string NodeType { get; init; }

    /// <summary>How many shards; 0 for cluster mode off.</summary>
    public int Shards { get; init; }

    /// <summary>How many replicas each shard has.</summary>
    public int Replicas { get; init; }

    /// <summary>The subnet group, or <see langword="null"/> for the default VPC's.</summary>
    public string? SubnetGroup { get; init; }

    /// <summary>Ids of security groups; none for the VPC's default one.</summary>
    public IReadOnlyList<string> SecurityGroups { get; init; } = [];

    /// <summary>Whether keyspace notifications are on from the first moment.</summary>
    public bool Notifications { get; init; }

    /// <summary>Whether connections and data at rest are encrypted.</summary>
    public bool Encrypted { get; init; }

    /// <summary>Whether clients must say a token, which a secret holds.</summary>
    public bool Token { get; init; }

    /// <summary>The parameter group that is made for it.</summary>
    [JsonIgnore]
    public string ParameterGroup => GroupIntent.Prefix + Id;

    /// <summary>The secret that holds its token.</summary>
    [JsonIgnore]
    public string SecretName => $"keyferry/{Id}";

    /// <summary>The values of its parameter group.</summary>
    [JsonIgnore]
    public IReadOnlyList<(string Name, string Value)> Values =>
        [
            .. Shards > 0 ? new[] { ("cluster-enabled", "yes") } : [],
            // One family of channels: both double the cost of every change.
            .. Notifications ? new[] { ("notify-keyspace-events", "AE") } : [],
        ];

    /// <summary>The document that is recorded.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ProvisionIntentJson.Default.ProvisionIntent);

    /// <summary>Reads it back; <see langword="null"/> where it is none.</summary>
    public static ProvisionIntent? FromJson(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, ProvisionIntentJson.Default.ProvisionIntent);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Reads and writes it without reflection.</summary>
[JsonSerializable(typeof(ProvisionIntent))]
internal sealed partial class ProvisionIntentJson : JsonSerializerContext;
