using Keyferry.Aws.ElastiCache;
using Keyferry.Model;

namespace Keyferry.Aws.Doctor;

/// <summary>What AWS answered to everything that was asked of a cache. Nothing is judged here.</summary>
internal sealed record CacheAnswers
{
    /// <summary>Where it is.</summary>
    public required string Region { get; init; }

    /// <summary>The cache.</summary>
    public required Cache Cache { get; init; }

    /// <summary>When it was asked.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The values of each parameter group that its nodes have.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, GroupParameter>> Groups { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, GroupParameter>>(StringComparer.Ordinal);

    /// <summary>Groups of the same family whose letters would suffice, but which no cache has.</summary>
    public IReadOnlyList<string> Elsewhere { get; init; } = [];

    /// <summary>Service updates that are not complete.</summary>
    public IReadOnlyList<ServiceUpdate> Updates { get; init; } = [];

    /// <summary>What was not allowed to be asked.</summary>
    public IReadOnlyList<KeyferryException> Refused { get; init; } = [];
}
