using System.Text.Json;
using System.Text.Json.Serialization;
using Keyferry.Aws.ElastiCache;

namespace Keyferry.Aws.Notifications;

/// <summary>What is to be changed on a cache, and what stood there: all that is needed to finish it, or to undo exactly it, after a crash at any point.</summary>
/// <remarks>It is decided once, and recorded before the first call. It holds no secret.</remarks>
internal sealed record GroupIntent
{
    /// <summary>Where the cache is.</summary>
    public required string Region { get; init; }

    /// <summary>Its id.</summary>
    public required string CacheId { get; init; }

    /// <summary>Which kind it is; never serverless.</summary>
    public required CacheKind Kind { get; init; }

    /// <summary>The family of both groups.</summary>
    public required string Family { get; init; }

    /// <summary>The group that the cache has.</summary>
    public required string OldGroup { get; init; }

    /// <summary>The group that it is to have; the same where the old one is changed in place.</summary>
    public required string NewGroup { get; init; }

    /// <summary>What somebody has set in the old group, which a copy must have as well.</summary>
    public IReadOnlyList<GroupValue> Copied { get; init; } = [];

    /// <summary>What is to be changed.</summary>
    public required IReadOnlyList<ValueChange> Changes { get; init; }

    /// <summary>Whether a group of our own is made.</summary>
    [JsonIgnore]
    public bool IsCopy => OldGroup != NewGroup;

    /// <summary>What the name of every group begins with that Keyferry makes: policies can be narrowed to it.</summary>
    public const string Prefix = "keyferry-";

    /// <summary>The name of a copy for a cache.</summary>
    /// <param name="cacheId">Which.</param>
    /// <param name="suffix">Makes it unlike any other.</param>
    public static string CopyFor(string cacheId, string suffix) => $"{Prefix}{cacheId}-{suffix}";

    /// <summary>Whether <paramref name="group"/> is named as a copy for that cache is.</summary>
    public static bool IsCopyFor(string cacheId, string group) => group.StartsWith(CopyFor(cacheId, ""), StringComparison.Ordinal);

    /// <summary>The document that is recorded.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, GroupIntentJson.Default.GroupIntent);

    /// <summary>Reads it back; <see langword="null"/> where it is none.</summary>
    public static GroupIntent? FromJson(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, GroupIntentJson.Default.GroupIntent);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>One value of a group.</summary>
internal sealed record GroupValue(string Name, string Value);

/// <summary>One value that is changed.</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Before">What stood there.</param>
/// <param name="WasSet">Whether somebody had set it; else it was the family's default.</param>
/// <param name="After">What is to stand there.</param>
internal sealed record ValueChange(string Name, string Before, bool WasSet, string After);

/// <summary>Reads and writes it without reflection.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(GroupIntent))]
internal sealed partial class GroupIntentJson : JsonSerializerContext;
