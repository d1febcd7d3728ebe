using System.Globalization;
using Keyferry.Model;

namespace Keyferry.Aws.ElastiCache;

/// <summary>One call that changes something, as data: a plan prints it, and the same object is then sent.</summary>
/// <param name="Action">Such as <c>ModifyReplicationGroup</c>.</param>
/// <param name="Why">What it is for, in words.</param>
/// <param name="Parameters">What is said, in order.</param>
internal sealed record CacheChange(string Action, string Why, IReadOnlyList<(string Name, string Value)> Parameters)
{
    /// <summary>Names of parameters whose values never print.</summary>
    private static readonly string[] Hidden = ["AuthToken"];

    /// <summary>The call in one line: <c>elasticache:Action Name=value ...</c>; secrets are masked.</summary>
    public override string ToString() =>
        $"elasticache:{Action} {string.Join(' ', Parameters.Select(static one => $"{one.Name}={Shown(one)}"))}";

    /// <summary>The value of a parameter, or <see langword="null"/>.</summary>
    public string? this[string name] => Parameters.Where(one => one.Name == name).Select(static one => one.Value).FirstOrDefault();

    /// <summary>Creates an empty group.</summary>
    public static CacheChange CreateGroup(string name, string family, string description, string why) =>
        new(
            "CreateCacheParameterGroup",
            why,
            [
                ("CacheParameterGroupName", name),
                ("CacheParameterGroupFamily", family),
                ("Description", description),
                ("Tags.Tag.1.Key", "created-by"),
                ("Tags.Tag.1.Value", "keyferry"),
            ]
        );

    /// <summary>Sets values of a group, at most twenty.</summary>
    public static CacheChange SetValues(string group, IReadOnlyList<(string Name, string Value)> values, string why) =>
        new(
            "ModifyCacheParameterGroup",
            why,
            [
                ("CacheParameterGroupName", group),
                .. values.SelectMany(
                    static (one, index) => new[] { (Entry(index, "ParameterName"), one.Name), (Entry(index, "ParameterValue"), one.Value) }
                ),
            ]
        );

    /// <summary>Gives values of a group back to the defaults of its family.</summary>
    public static CacheChange ResetValues(string group, IReadOnlyList<string> names, string why) =>
        new(
            "ResetCacheParameterGroup",
            why,
            [
                ("CacheParameterGroupName", group),
                .. names.SelectMany(
                    static (name, index) => new[] { (Entry(index, "ParameterName"), name), (Entry(index, "ParameterValue"), "") }
                ),
            ]
        );

    /// <summary>Deletes a group.</summary>
    public static CacheChange DeleteGroup(string name, string why) =>
        new("DeleteCacheParameterGroup", why, [("CacheParameterGroupName", name)]);

    /// <summary>Gives a cache another group, at once.</summary>
    /// <exception cref="KeyferryException">A serverless cache has none.</exception>
    public static CacheChange Attach(CacheKind kind, string id, string group, string why) =>
        kind switch
        {
            CacheKind.ReplicationGroup => new CacheChange(
                "ModifyReplicationGroup",
                why,
                [("ReplicationGroupId", id), ("CacheParameterGroupName", group), ("ApplyImmediately", "true")]
            ),
            CacheKind.Standalone => new CacheChange(
                "ModifyCacheCluster",
                why,
                [("CacheClusterId", id), ("CacheParameterGroupName", group), ("ApplyImmediately", "true")]
            ),
            _ => throw new KeyferryException(FailureKind.Refused, $"{id} is serverless and has no parameter group.", "Name another cache."),
        };

    private static string Entry(int index, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"ParameterNameValues.ParameterNameValue.{index + 1}.{what}");

    private static string Shown((string Name, string Value) one) =>
        Hidden.Contains(one.Name) ? "***"
        : one.Value.Length == 0 || one.Value.Contains(' ', StringComparison.Ordinal) ? $"\"{one.Value}\""
        : one.Value;
}
