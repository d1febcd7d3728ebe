using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Model;
using Keyferry.Notifications;

namespace Keyferry.Aws.Doctor;

/// <summary>Asks AWS everything about a cache that a migration depends on. What is not allowed to be asked does not keep the rest from being asked.</summary>
/// <param name="client">AWS.</param>
internal sealed class CacheQuestions(ElastiCacheClient client)
{
    private readonly List<KeyferryException> _refused = [];

    /// <summary>Asks.</summary>
    /// <exception cref="AwsException">The cache itself must not be looked at.</exception>
    /// <exception cref="KeyferryException">There is no such cache, or AWS cannot be reached.</exception>
    public async ValueTask<CacheAnswers> AskAsync(string id, CancellationToken stop)
    {
        var cache = await new CacheFinder(client).FindAsync(id, stop);
        var groups = new Dictionary<string, IReadOnlyDictionary<string, GroupParameter>>(StringComparer.Ordinal);
        foreach (var name in cache.ParameterGroups)
        {
            if (await TryAsync(() => client.ParametersAsync(name, stop)) is { } values)
            {
                groups[name] = values;
            }
        }

        return new CacheAnswers
        {
            Region = client.Region,
            Cache = cache,
            At = client.Time.GetUtcNow(),
            Groups = groups,
            Elsewhere = groups.Values.All(Suffices) ? [] : await TryAsync(() => ElsewhereAsync(groups.Keys, stop)) ?? [],
            Updates = cache.Kind == CacheKind.Serverless ? [] : await TryAsync(() => client.UpdatesAsync(cache, stop)) ?? [],
            Refused = _refused,
        };
    }

    /// <summary>Whether the letters of a group tell of every change.</summary>
    public static bool Suffices(IReadOnlyDictionary<string, GroupParameter> group)
    {
        var flags = GroupDecision.LettersOf(group);
        return flags.Covers(NotificationFlags.Needed(flags.Family));
    }

    /// <summary>Custom groups of the same family with the right letters that no cache has: somebody has set the letters where they do nothing.</summary>
    private async ValueTask<IReadOnlyList<string>> ElsewhereAsync(IReadOnlyCollection<string> attached, CancellationToken stop)
    {
        var all = await client.ParameterGroupsAsync(stop);
        var families = all.Where(group => attached.Contains(group.Name)).Select(static group => group.Family).ToHashSet();
        var used = (await client.ClustersAsync(null, stop)).Select(static node => node.ParameterGroup).ToHashSet(StringComparer.Ordinal);
        var found = new List<string>();
        foreach (var group in all.Where(group => !group.IsDefault && families.Contains(group.Family) && !used.Contains(group.Name)))
        {
            if (Suffices(await client.ParametersAsync(group.Name, stop)))
            {
                found.Add(group.Name);
            }
        }

        return found;
    }

    private async ValueTask<T?> TryAsync<T>(Func<ValueTask<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (AwsException denied)
        {
            _refused.Add(AwsTrouble.Explain(denied));
            return null;
        }
    }
}
