using Keyferry.Aws.ElastiCache;
using Keyferry.Model;
using Keyferry.Notifications;

namespace Keyferry.Aws.Notifications;

/// <summary>Decides what is to be changed so that a cache tells of every change: pure, from what was looked at.</summary>
internal static class GroupDecision
{
    /// <summary>The parameter that holds the letters.</summary>
    public const string Letters = "notify-keyspace-events";

    private const string ClusterEnabled = "cluster-enabled";
    private const string Buffer = "client-output-buffer-limit-pubsub-";

    /// <summary>Room for a subscriber that falls behind, for the time of a migration: 256 MiB at once, or 128 MiB for two minutes.</summary>
    /// <remarks>Not without limit, which users set: one stalled subscriber could then take the node's memory.</remarks>
    public static readonly IReadOnlyList<GroupValue> RoomyBuffers =
    [
        new(Buffer + "hard-limit", "268435456"),
        new(Buffer + "soft-limit", "134217728"),
        new(Buffer + "soft-seconds", "120"),
    ];

    /// <summary>The limits of subscribers of a group as servers write them, <c>pubsub 33554432 8388608 60</c>, or <see langword="null"/> where it does not tell them.</summary>
    public static string? BufferLimits(IReadOnlyDictionary<string, GroupParameter> group) =>
        RoomyBuffers.All(buffer => group.ContainsKey(buffer.Name))
            ? $"pubsub {string.Join(' ', RoomyBuffers.Select(buffer => group[buffer.Name].Value))}"
            : null;

    /// <summary>What is missing in a group: letters, and the buffer limits where they were asked for.</summary>
    /// <exception cref="KeyferryException">A value can be changed by nobody.</exception>
    public static IReadOnlyList<ValueChange> Missing(IReadOnlyDictionary<string, GroupParameter> group, bool roomyBuffers)
    {
        var changes = new List<ValueChange>();
        var present = LettersOf(group);
        var needed = NotificationFlags.Needed(present.Family);
        if (!present.Covers(needed))
        {
            changes.Add(Change(group, Letters, present.Union(needed).ToConfigText()));
        }

        if (roomyBuffers)
        {
            changes.AddRange(
                RoomyBuffers.Where(wanted => IsSmaller(group, wanted)).Select(wanted => Change(group, wanted.Name, wanted.Value))
            );
        }

        return changes;
    }

    /// <summary>The letters of a group as a set.</summary>
    public static NotificationFlags LettersOf(IReadOnlyDictionary<string, GroupParameter> group) =>
        NotificationFlags.TryParse(group.GetValueOrDefault(Letters)?.Value ?? "", out var flags) ? flags : NotificationFlags.None;

    /// <summary>What is to be done: in place where the group is a custom one of this cache alone, else in a copy.</summary>
    /// <param name="region">Where.</param>
    /// <param name="cache">Which cache.</param>
    /// <param name="group">Its group.</param>
    /// <param name="values">The group's values.</param>
    /// <param name="others">Nodes of other caches that have the group.</param>
    /// <param name="changes">What is missing.</param>
    /// <param name="suffix">Makes the name of a copy unlike any other.</param>
    public static GroupIntent Decide(
        string region,
        Cache cache,
        ParameterGroup group,
        IReadOnlyDictionary<string, GroupParameter> values,
        IReadOnlyList<string> others,
        IReadOnlyList<ValueChange> changes,
        string suffix
    )
    {
        var inPlace = !group.IsDefault && others.Count == 0;
        List<GroupValue> copied =
        [
            .. values
                .Values.Where(one => one.IsUserSet && one.IsModifiable && changes.All(change => change.Name != one.Name))
                .Select(static one => new GroupValue(one.Name, one.Value)),
        ];
        // Cluster mode comes from the group: default.redis7.cluster.on has it without anybody having set it.
        if (values.GetValueOrDefault(ClusterEnabled) is { Value: "yes", IsUserSet: false })
        {
            copied.Add(new GroupValue(ClusterEnabled, "yes"));
        }

        return new GroupIntent
        {
            Region = region,
            CacheId = cache.Id,
            Kind = cache.Kind,
            Family = group.Family,
            OldGroup = group.Name,
            NewGroup = inPlace ? group.Name : GroupIntent.CopyFor(cache.Id, suffix),
            Copied = inPlace ? [] : copied,
            Changes = changes,
        };
    }

    private static bool IsSmaller(IReadOnlyDictionary<string, GroupParameter> group, GroupValue wanted) =>
        // 0 is no limit.
        group.GetValueOrDefault(wanted.Name)
            is not { } present
        || (long.TryParse(present.Value, out var value) && value != 0 && value < long.Parse(wanted.Value));

    private static ValueChange Change(IReadOnlyDictionary<string, GroupParameter> group, string name, string after)
    {
        var present = group.GetValueOrDefault(name);
        return present is { IsModifiable: false }
            ? throw new KeyferryException(
                FailureKind.Refused,
                $"The parameter {name} of this family cannot be changed.",
                "Follow the changes another way: --capture tracking, or --capture polling."
            )
            : new ValueChange(name, present?.Value ?? "", present is { IsUserSet: true }, after);
    }
}
