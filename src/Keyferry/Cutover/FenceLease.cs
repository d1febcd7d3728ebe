using System.Text.Json;
using System.Text.Json.Serialization;
using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Cutover;

/// <summary>What the run's state must know of a fence to take it back: written before the fence is raised. No secret.</summary>
internal sealed record FenceLease
{
    /// <summary>Which fence.</summary>
    public required FenceKind Kind { get; init; }

    /// <summary>Of a pause: when the server lifts it by itself, unless it is prolonged, in milliseconds since 1970 by Keyferry's clock.</summary>
    public long Until { get; init; }

    /// <summary>Of an ACL user: its name.</summary>
    public string User { get; init; } = "";

    /// <summary>Of an ACL user: its command rules (<c>+@all -flushall</c>), as the server told them.</summary>
    public string Commands { get; init; } = "";

    /// <summary>Of an ACL user: its selectors, each in parentheses (7.0 and newer).</summary>
    public IReadOnlyList<string> Selectors { get; init; } = [];

    /// <summary>Of a program: its path.</summary>
    public string Program { get; init; } = "";

    /// <summary>Of a program: what it was told when it stopped the writers, but for the step; it is told the same when it starts them.</summary>
    public IReadOnlyDictionary<string, string> Told { get; init; } = new Dictionary<string, string>();

    /// <summary>As the run store keeps it.</summary>
    public LeaseRecord ToRecord(long run, Endpoint endpoint, string after) =>
        new()
        {
            Run = run,
            Kind = LeaseKind.Fence,
            Host = endpoint.Host,
            Port = endpoint.Port,
            Tls = endpoint.Tls,
            Before = JsonSerializer.Serialize(this, FenceJson.Default.FenceLease),
            After = after,
        };

    /// <summary>From the run store.</summary>
    /// <returns><see langword="null"/> where this version cannot read it.</returns>
    public static FenceLease? Of(LeaseRecord record)
    {
        try
        {
            return JsonSerializer.Deserialize(record.Before, FenceJson.Default.FenceLease);
        }
        catch (JsonException)
        {
            // Of a newer version; the caller says so.
            return null;
        }
    }
}

/// <summary>Serialises without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(FenceLease))]
internal sealed partial class FenceJson : JsonSerializerContext;
