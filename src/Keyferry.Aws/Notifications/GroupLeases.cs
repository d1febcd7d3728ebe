using Keyferry.State;

namespace Keyferry.Aws.Notifications;

/// <summary>Intents in the run store: recorded before the first call, marked when they are undone.</summary>
/// <param name="store">Where.</param>
internal sealed class GroupLeases(IRunStore store)
{
    /// <summary>Every intent that is not undone.</summary>
    public IReadOnlyList<(long Id, GroupIntent Intent)> Open() =>
        [
            .. from lease in store.OpenLeases()
            where lease.Kind == LeaseKind.ParameterGroup
            let intent = GroupIntent.FromJson(lease.After)
            where intent is not null
            select (lease.Id, intent),
        ];

    /// <summary>The one of that cache, or <see langword="null"/>.</summary>
    public (long Id, GroupIntent Intent)? Find(string region, string cacheId)
    {
        var found = Open().Where(one => one.Intent.Region == region && one.Intent.CacheId == cacheId).ToList();
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>Records an intent. Durable when it returns.</summary>
    public void Record(GroupIntent intent) =>
        store.RecordLease(
            new LeaseRecord
            {
                Kind = LeaseKind.ParameterGroup,
                Host = intent.CacheId,
                Port = 0,
                Before = intent.OldGroup,
                After = intent.ToJson(),
            }
        );

    /// <summary>Records that it is undone.</summary>
    public void Close(long id, string note) => store.MarkLeaseUndone(id, note);
}
