using System.Text.RegularExpressions;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.Caches;

/// <summary>One parameter of a family.</summary>
public sealed record ParameterKind(
    string Name,
    string Default,
    string Type,
    string Allowed,
    bool IsModifiable = true,
    bool NeedsReboot = false
)
{
    /// <summary>Refuses a value that the service refuses.</summary>
    public void Check(string value)
    {
        if (!IsModifiable)
        {
            throw RefusalException.Value($"The parameter {Name} cannot be modified.");
        }

        var good = Type switch
        {
            "integer" => long.TryParse(value, out var number) && number >= 0,
            _ when Name == "notify-keyspace-events" => Regex.IsMatch(value, "^[KEg$lshzxeA]*$", RegexOptions.None, TimeSpan.FromSeconds(1)),
            _ => Allowed.Length == 0 || Allowed.Split(',').Contains(value),
        };
        if (!good)
        {
            throw RefusalException.Value($"Value '{value}' is not allowed for parameter {Name}.");
        }
    }
}

/// <summary>The parameters that the double's groups have: those that matter, with AWS's defaults. The letters of notifications are those that AWS documents.</summary>
public static class ParameterCatalog
{
    public static readonly string[] Families = ["redis6.x", "redis7", "valkey7", "valkey8"];

    public static readonly IReadOnlyList<ParameterKind> All =
    [
        new("activedefrag", "no", "string", "yes,no"),
        new("client-output-buffer-limit-pubsub-hard-limit", "33554432", "integer", "0-"),
        new("client-output-buffer-limit-pubsub-soft-limit", "8388608", "integer", "0-"),
        new("client-output-buffer-limit-pubsub-soft-seconds", "60", "integer", "0-"),
        new("cluster-enabled", "no", "string", "yes,no", NeedsReboot: true),
        new("databases", "16", "integer", "1-1200000", NeedsReboot: true),
        new("lua-time-limit", "5000", "integer", "5000", IsModifiable: false),
        new(
            "maxmemory-policy",
            "volatile-lru",
            "string",
            "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction"
        ),
        new("maxmemory-samples", "3", "integer", "1-"),
        new("notify-keyspace-events", "", "string", ""),
        new("reserved-memory-percent", "25", "integer", "0-100"),
        new("slowlog-max-len", "128", "integer", "0-"),
        new("timeout", "0", "integer", "0,20-"),
    ];

    public static ParameterKind Find(string name) =>
        All.FirstOrDefault(kind => kind.Name == name) ?? throw RefusalException.Value($"Could not find parameter with name: {name}");

    /// <summary>The family of an engine's version.</summary>
    public static string FamilyOf(string engine, string version) =>
        (engine, version.Split('.')[0]) switch
        {
            ("redis", "6") => "redis6.x",
            ("redis", "7") => "redis7",
            ("valkey", "7") => "valkey7",
            ("valkey", "8") => "valkey8",
            _ => throw RefusalException.Combination($"Cannot find version {version} for {engine}"),
        };
}

/// <summary>A parameter group: the values that somebody has set.</summary>
public sealed class GroupState(string name, string family, string description)
{
    public string Name => name;

    public string Family => family;

    public string Description => description;

    public bool IsGlobal { get; set; }

    public bool IsDefault => name.StartsWith("default.", StringComparison.Ordinal);

    public SortedDictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>The value that holds: the user's, the group's own, the family's.</summary>
    public string ValueOf(ParameterKind kind) =>
        Values.TryGetValue(kind.Name, out var value) ? value
        : kind.Name == "cluster-enabled" && name.EndsWith(".cluster.on", StringComparison.Ordinal) ? "yes"
        : kind.Default;
}
