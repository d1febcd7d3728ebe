using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.Model;

namespace Keyferry.Aws.Notifications;

/// <summary>Switches the notifications of a cache on through its parameter group, and puts everything back.</summary>
/// <remarks>
/// <para><b>Promises.</b> What is intended is recorded before the first call. Each call is chosen from how things stand, so that the same command, run again after an
/// interruption anywhere, goes on; and restore undoes exactly what was done, wherever it ended.</para>
/// <para><b>Concurrency.</b> The work directory is held by one process; two directories on one cache are not noticed.</para>
/// </remarks>
/// <param name="client">AWS.</param>
/// <param name="leases">Where intents are recorded.</param>
/// <param name="wait">How patiently.</param>
/// <param name="tell">Takes lines of progress.</param>
internal sealed class GroupSwitch(ElastiCacheClient client, GroupLeases leases, WaitTerms wait, Action<string> tell)
{
    /// <summary>More tries than this of one call do not help: somebody else changes the same thing, or the service takes it for something else.</summary>
    private const int MostTries = 4;

    /// <summary>What would be done; changes nothing.</summary>
    /// <exception cref="KeyferryException">It cannot be done: says why and what can.</exception>
    public async ValueTask<GroupPlan> PlanAsync(string id, bool roomyBuffers, CancellationToken stop)
    {
        var cache = await new CacheFinder(client).FindAsync(id, stop);
        if (cache.Kind == CacheKind.Serverless)
        {
            throw Serverless(cache);
        }

        if (leases.Find(client.Region, cache.Id) is { } begun)
        {
            return new GroupPlan(cache, begun.Intent, await LookAsync(begun.Intent, stop), IsBegun: true);
        }

        if (cache.ParameterGroups is not [var name])
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The nodes of {cache.Id} have different parameter groups ({string.Join(", ", cache.ParameterGroups)}): a change is under way.",
                "Wait until it is done (keyferry elasticache show), then run this again."
            );
        }

        var group =
            await client.ParameterGroupAsync(name, stop)
            ?? throw new KeyferryException(
                FailureKind.Failed,
                $"The parameter group {name} of {cache.Id} does not exist.",
                "Give the cache another group."
            );
        if (group.IsGlobal)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The parameter group {name} belongs to a global datastore: a change would reach its other regions.",
                "Change it in the primary region's console, knowing that, or migrate with --capture tracking, which needs no notifications."
            );
        }

        var values = await client.ParametersAsync(name, stop);
        var others = await GroupLook.OthersWithAsync(client, name, cache.Id, stop);
        var changes = GroupDecision.Missing(values, roomyBuffers);
        var suffix = client.Time.GetUtcNow().ToUnixTimeSeconds().ToString("x", System.Globalization.CultureInfo.InvariantCulture);
        var intent = GroupDecision.Decide(client.Region, cache, group, values, others, changes, suffix);
        return new GroupPlan(cache, intent, await LookAsync(intent, stop), IsBegun: false) { Others = others, Values = values };
    }

    /// <summary>Does what the plan says, and waits until every node follows.</summary>
    public async ValueTask ApplyAsync(GroupPlan plan, CancellationToken stop)
    {
        if (!plan.IsBegun)
        {
            leases.Record(plan.Intent);
        }

        await CarryOutAsync(plan.Intent, GroupSteps.ToApply, stop);
        await SettleAsync(plan.Intent.CacheId, stop);
    }

    /// <summary>Puts back what an intent has changed. While something of it remains, its record stays open, and the next restore goes on.</summary>
    public async ValueTask<GroupRestored> RestoreAsync(long lease, GroupIntent intent, CancellationToken stop)
    {
        var left = GroupSteps.ChangedByOthers(intent, await LookAsync(intent, stop));
        await CarryOutAsync(intent, GroupSteps.ToUndo, stop);
        var look = await LookAsync(intent, stop);
        if (look.Cache is not null)
        {
            await SettleAsync(intent.CacheId, stop);
        }

        if (intent.IsCopy && look.New is not null)
        {
            return new GroupRestored(left, look.OthersWithNew);
        }

        leases.Close(lease, left.Count == 0 ? "put back" : $"put back, but for: {string.Join("; ", left)}");
        return new GroupRestored(left, []);
    }

    /// <summary>Waits until the cache is available and every node follows its group.</summary>
    public async ValueTask<Cache> SettleAsync(string id, CancellationToken stop)
    {
        var since = client.Time.GetTimestamp();
        for (var said = ""; ; )
        {
            var cache = await new CacheFinder(client).FindAsync(id, stop);
            var waiting = cache.Members.Where(static member => !member.IsSettled).Select(Describe).ToList();
            if (cache.Status == "available" && waiting.Count == 0 && cache.Members.Count > 0)
            {
                tell($"{id}: every node follows {string.Join(", ", cache.ParameterGroups)}");
                return cache;
            }

            var now = $"{id}: {cache.Status}; waiting for {(waiting.Count == 0 ? "its nodes" : string.Join(", ", waiting))}";
            if (now != said)
            {
                tell(now);
                said = now;
            }

            if (client.Time.GetElapsedTime(since) > wait.Budget)
            {
                throw new KeyferryException(
                    FailureKind.Failed,
                    $"After {wait.Budget.TotalMinutes:0} minutes it still stands so: {now}.",
                    waiting.Any(static one => one.Contains("pending-reboot", StringComparison.Ordinal))
                        ? "Another value of the group needs a reboot: do it in a quiet hour (aws elasticache reboot-cache-cluster), then run this again."
                        : "Look at its events (keyferry elasticache show); the same command goes on."
                );
            }

            await Task.Delay(wait.Poll, client.Time, stop);
        }
    }

    private async ValueTask CarryOutAsync(
        GroupIntent intent,
        Func<GroupIntent, GroupLook, IReadOnlyList<CacheChange>> left,
        CancellationToken stop
    )
    {
        var tries = new Dictionary<string, int>(StringComparer.Ordinal);
        var since = client.Time.GetTimestamp();
        while (true)
        {
            var steps = left(intent, await LookAsync(intent, stop));
            if (steps.Count == 0)
            {
                return;
            }

            var next = steps[0];
            try
            {
                _ = await client.ChangeAsync(next, stop);
                tell($"done: {next}");
                var text = next.ToString();
                tries[text] = tries.GetValueOrDefault(text) + 1;
                if (tries[text] >= MostTries)
                {
                    throw new KeyferryException(
                        FailureKind.Failed,
                        $"{next.Action} was accepted {MostTries} times, but what it sets does not show.",
                        "See whether something else (Terraform, CloudFormation, a colleague) sets the same group; restore puts back what was changed."
                    );
                }
            }
            catch (AwsException busy) when (IsBusy(busy) && client.Time.GetElapsedTime(since) < wait.Budget)
            {
                tell($"waiting: {busy.Said}");
                await Task.Delay(wait.Poll, client.Time, stop);
            }
            catch (AwsException there) when (there.Code == "CacheParameterGroupAlreadyExists")
            {
                // An earlier call has made it, and its answer was lost; the next look shows it.
                tell($"already there: {intent.NewGroup}");
            }
        }
    }

    private ValueTask<GroupLook> LookAsync(GroupIntent intent, CancellationToken stop) => GroupLook.TakeAsync(client, intent, stop);

    // A state that passes: the cache is being modified, or a group is still in use for a moment.
    private static bool IsBusy(AwsException failed) =>
        failed.Code is "InvalidCacheClusterState" or "InvalidReplicationGroupState" or "InvalidCacheParameterGroupState";

    private static string Describe(CacheMember member) =>
        $"{member.Id} ({string.Join(", ", new[] { member.Status, member.ApplyStatus }.Concat(member.OutOfSync).Where(static word => word is not ("available" or "in-sync")))})";

    private static KeyferryException Serverless(Cache cache) =>
        new(
            FailureKind.Refused,
            $"{cache.Id} is a serverless cache, and those have no keyspace notifications: the parameter is fixed to empty, and PSUBSCRIBE is no command there.",
            "Migrate with --capture polling, which needs nothing but SCAN and DUMP; client tracking is not to be had there either."
        );
}

/// <summary>What became of a recorded change that was put back.</summary>
/// <param name="LeftAlone">What others have changed since and therefore stays, in words.</param>
/// <param name="StillUse">Nodes of other caches because of which the group that Keyferry made could not be deleted yet; none where nothing remains.</param>
internal sealed record GroupRestored(IReadOnlyList<string> LeftAlone, IReadOnlyList<string> StillUse);
