using Keyferry.Aws.ElastiCache;
using Keyferry.Notifications;

namespace Keyferry.Aws.Notifications;

/// <summary>The calls that are left to do, from how things stand: pure, so that a plan prints what a run will do, and a run that was interrupted goes on where it was.</summary>
internal static class GroupSteps
{
    private const string Description = "Keyferry: keyspace notifications for a live migration";

    /// <summary>What is left until the cache has what is intended.</summary>
    public static IReadOnlyList<CacheChange> ToApply(GroupIntent intent, GroupLook look)
    {
        var steps = new List<CacheChange>();
        if (intent.IsCopy && look.New is null)
        {
            var why =
                $"a group of its own for {intent.CacheId}: {intent.OldGroup} is {(IsDefault(intent.OldGroup) ? "one of AWS's and cannot be changed" : "shared with other caches")}";
            steps.Add(CacheChange.CreateGroup(intent.NewGroup, intent.Family, Description, why));
        }

        var wanted = intent.Copied.Concat(intent.Changes.Select(static change => new GroupValue(change.Name, change.After)));
        var missing = wanted.Where(value => !Holds(look.New, value)).Select(static value => (value.Name, value.Value));
        foreach (var part in missing.Chunk(ElastiCacheClient.ValuesPerCall))
        {
            var why = intent.Copied.Count > 0 ? "what was set in the old group, and what is missing" : "what is missing";
            steps.Add(CacheChange.SetValues(intent.NewGroup, part, why));
        }

        if (look.Cache is { } cache && cache.Members.Any(member => member.ParameterGroup != intent.NewGroup))
        {
            steps.Add(
                CacheChange.Attach(intent.Kind, intent.CacheId, intent.NewGroup, "the cache gets the group, at once and without a restart")
            );
        }

        return steps;
    }

    /// <summary>What is left until the cache and its group are as they were. What others have changed since stays as it is.</summary>
    public static IReadOnlyList<CacheChange> ToUndo(GroupIntent intent, GroupLook look)
    {
        var steps = new List<CacheChange>();
        if (!intent.IsCopy)
        {
            var ours = intent.Changes.Where(change => IsStillOurs(change, look.Old)).ToList();
            var (set, unset) = (ours.Where(static change => change.WasSet).ToList(), ours.Where(static change => !change.WasSet).ToList());
            foreach (var part in set.Select(static change => (change.Name, change.Before)).Chunk(ElastiCacheClient.ValuesPerCall))
            {
                steps.Add(CacheChange.SetValues(intent.OldGroup, part, "what stood there before"));
            }

            foreach (var part in unset.Select(static change => change.Name).Chunk(ElastiCacheClient.ValuesPerCall))
            {
                steps.Add(CacheChange.ResetValues(intent.OldGroup, part, "nobody had set it before"));
            }

            return steps;
        }

        if (look.Cache is { } cache && cache.Members.Any(member => member.ParameterGroup == intent.NewGroup))
        {
            steps.Add(CacheChange.Attach(intent.Kind, intent.CacheId, intent.OldGroup, "the group that the cache had before"));
        }

        if (look.New is not null && look.OthersWithNew.Count == 0)
        {
            steps.Add(CacheChange.DeleteGroup(intent.NewGroup, "Keyferry made it"));
        }

        return steps;
    }

    /// <summary>What others have changed since, in words; it is left as it is.</summary>
    public static IReadOnlyList<string> ChangedByOthers(GroupIntent intent, GroupLook look)
    {
        if (intent.IsCopy)
        {
            var third = look.Cache?.Members.FirstOrDefault(member =>
                member.ParameterGroup != intent.NewGroup && member.ParameterGroup != intent.OldGroup
            );
            return third is null ? [] : [$"{third.Id} stays with {third.ParameterGroup}, which somebody has given it since"];
        }

        return
        [
            .. intent
                .Changes.Where(change => !IsAsBefore(change, look.Old) && !IsStillOurs(change, look.Old))
                .Select(change =>
                    $"{change.Name} stays \"{look.Old.GetValueOrDefault(change.Name)?.Value}\", which somebody has set since; before Keyferry it was \"{change.Before}\""
                ),
        ];
    }

    private static bool IsDefault(string group) => group.StartsWith("default.", StringComparison.Ordinal);

    private static bool Holds(IReadOnlyDictionary<string, GroupParameter>? group, GroupValue wanted) =>
        group?.GetValueOrDefault(wanted.Name)?.Value is { } present && IsSame(wanted.Name, present, wanted.Value);

    private static bool IsStillOurs(ValueChange change, IReadOnlyDictionary<string, GroupParameter> group) =>
        !IsAsBefore(change, group)
        && group.GetValueOrDefault(change.Name) is { } present
        && IsSame(change.Name, present.Value, change.After);

    private static bool IsAsBefore(ValueChange change, IReadOnlyDictionary<string, GroupParameter> group) =>
        group.GetValueOrDefault(change.Name) is { } present && present.Value == change.Before && present.IsUserSet == change.WasSet;

    // Letters may be told in another order than they were set.
    private static bool IsSame(string name, string present, string wanted) =>
        present == wanted
        || (
            name == GroupDecision.Letters
            && NotificationFlags.TryParse(present, out var flags)
            && NotificationFlags.TryParse(wanted, out var other)
            && flags == other
        );
}
