using Keyferry.Aws.ElastiCache;

namespace Keyferry.Aws.Notifications;

/// <summary>What is to be done about a cache's notifications, before it is done.</summary>
/// <param name="Cache">The cache.</param>
/// <param name="Intent">What is to be changed.</param>
/// <param name="Look">How things stand.</param>
/// <param name="IsBegun">Whether an earlier command has begun it and was interrupted, or has done it.</param>
internal sealed record GroupPlan(Cache Cache, GroupIntent Intent, GroupLook Look, bool IsBegun)
{
    /// <summary>Nodes of other caches that have the present group.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    /// <summary>The present group's values.</summary>
    public IReadOnlyDictionary<string, GroupParameter> Values { get; init; } = Look.Old;

    /// <summary>The calls that are left, in order.</summary>
    public IReadOnlyList<CacheChange> Calls => Intent.Changes.Count == 0 ? [] : GroupSteps.ToApply(Intent, Look);

    /// <summary>Whether nothing is missing in the group that the cache has.</summary>
    public bool IsEnough => Intent.Changes.Count == 0;
}
