using Keyferry.Aws;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Cli.Output;
using Keyferry.Doctor;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.State;

namespace Keyferry.Cli.Amazon;

/// <summary>What the notification commands do where they are told an ElastiCache id.</summary>
/// <param name="surroundings">Outputs, clock.</param>
/// <param name="session">The way to AWS.</param>
internal sealed class CacheNotifications(Surroundings surroundings, AwsSession session)
{
    private readonly ElastiCacheClient _client = new(session.Caller);
    private readonly TextWriter _out = surroundings.Out;

    /// <summary><c>status</c>: which group, which letters, whether every node follows. Changes nothing.</summary>
    /// <returns>0 where it suffices, 5 where not.</returns>
    public async Task<int> StatusAsync(string id, bool json, CancellationToken stop)
    {
        var cache = await new CacheFinder(_client).FindAsync(id, stop);
        if (cache.Kind == CacheKind.Serverless)
        {
            _out.WriteLine($"{cache.Id}: serverless cache, {cache.Engine} {cache.EngineVersion}: there are no keyspace notifications.");
            _out.WriteLine("what to do: migrate with --capture polling, which needs nothing but SCAN and DUMP");
            return ExitCodes.NotProved;
        }

        var enough = true;
        foreach (var group in cache.ParameterGroups)
        {
            var values = await _client.ParametersAsync(group, stop);
            var flags = GroupDecision.LettersOf(values);
            var covered = flags.Covers(NotificationFlags.Needed(flags.Family));
            enough &= covered;
            if (json)
            {
                CacheJson.WriteStatus(_out, cache, group, flags, covered);
                continue;
            }

            _out.WriteLine($"{cache.Id}: {cache.KindWords}, {cache.Engine} {cache.EngineVersion}, parameter group {group}");
            _out.WriteLine($"{GroupDecision.Letters} = \"{values.GetValueOrDefault(GroupDecision.Letters)?.Value}\"");
            _out.WriteLine();
            NotificationText.Letters(_out, flags);
            _out.WriteLine();
            foreach (var buffer in GroupDecision.RoomyBuffers)
            {
                _out.WriteLine($"{buffer.Name} = {values.GetValueOrDefault(buffer.Name)?.Value}");
            }

            _out.WriteLine();
            _out.WriteLine(covered ? "The letters suffice for a live migration." : "The letters do not suffice for a live migration.");
        }

        return ShowNodes(cache, json) && enough ? ExitCodes.Ok : ExitCodes.NotProved;
    }

    /// <summary><c>enable</c>: prints the calls; does them where <paramref name="apply"/> is set.</summary>
    public async Task<int> EnableAsync(
        string id,
        bool roomyBuffers,
        bool apply,
        string workDirectory,
        Func<Cache, Task<PrimaryProbe>> probe,
        CancellationToken stop
    )
    {
        using var folder = apply || WorkDirectory.HasState(workDirectory) ? WorkDirectory.Open(workDirectory, surroundings.Time) : null;
        using IRunStore store = folder is null ? new MemoryRunStore(surroundings.Time) : RunStore.Open(folder, surroundings.Time);
        var work = Switch(store);
        var plan = await work.PlanAsync(id, roomyBuffers, stop);
        PlanWords.Print(_out, plan, session.Region);
        if (plan.IsEnough)
        {
            return apply ? await TestAsync(plan.Cache, await probe(plan.Cache), json: false, stop) : ExitCodes.Ok;
        }

        if (!apply)
        {
            _out.WriteLine(
                plan.Calls.Count == 0
                    ? "nothing is left to do; --apply waits until every node follows, and tries each primary"
                    : "nothing was changed; the same command with --apply does it"
            );
            return ExitCodes.Ok;
        }

        // A login that does not work out is told before anything is changed.
        var tries = await probe(plan.Cache);
        await work.ApplyAsync(plan, stop);
        _out.WriteLine($"recorded in {folder?.Path}; keyferry notifications restore --elasticache {plan.Cache.Id} puts everything back");
        return await TestAsync(plan.Cache, tries, json: false, stop);
    }

    /// <summary><c>test</c>: tries out every node that takes writes.</summary>
    public async Task<int> TestAsync(string id, Func<Cache, Task<PrimaryProbe>> probe, bool json, CancellationToken stop)
    {
        var cache = await new CacheFinder(_client).FindAsync(id, stop);
        if (cache.Kind == CacheKind.Serverless)
        {
            return await StatusAsync(id, json, stop);
        }

        return await TestAsync(cache, await probe(cache), json, stop);
    }

    /// <summary><c>restore</c>: undoes what was recorded for the cache.</summary>
    /// <exception cref="KeyferryException">Something remains, or the change is recorded elsewhere.</exception>
    public async Task<int> RestoreAsync(string id, string workDirectory, CancellationToken stop)
    {
        // A node's id leads to its group, under whose id the change is recorded; a cache that is gone has only the id that was given.
        var cache = await new CacheFinder(_client).TryFindAsync(id, stop);
        if (!WorkDirectory.HasState(workDirectory))
        {
            return NothingRecorded(cache, id, Path.GetFullPath(workDirectory));
        }

        using var folder = WorkDirectory.Open(workDirectory, surroundings.Time);
        using var store = RunStore.Open(folder, surroundings.Time);
        if (new GroupLeases(store).Find(session.Region, cache?.Id ?? id) is not { } found)
        {
            return NothingRecorded(cache, id, folder.Path);
        }

        await RestoreAsync(store, found.Id, found.Intent, stop);
        return ExitCodes.Ok;
    }

    /// <summary>Undoes one recorded change.</summary>
    /// <exception cref="KeyferryException">Something remains; the change stays recorded.</exception>
    public async Task RestoreAsync(IRunStore store, long lease, GroupIntent intent, CancellationToken stop)
    {
        var restored = await Switch(store).RestoreAsync(lease, intent, stop);
        foreach (var left in restored.LeftAlone)
        {
            _out.WriteLine($"left alone: {left}");
        }

        if (restored.StillUse.Count > 0)
        {
            throw new KeyferryException(
                FailureKind.Failed,
                $"The parameter group {intent.NewGroup}, which Keyferry made, is still there: {string.Join(", ", restored.StillUse)} use it by now. {intent.CacheId} itself no longer does.",
                $"Give them another group, then run keyferry notifications restore --elasticache {intent.CacheId} again from the same work directory: it deletes the group. The change stays recorded until then."
            );
        }

        _out.WriteLine($"{intent.CacheId}: parameter group {intent.OldGroup} stands as it did before");
    }

    // Whoever looks in the wrong place must not take that for an answer.
    private int NothingRecorded(Cache? cache, string id, string path)
    {
        if (cache?.ParameterGroups.FirstOrDefault(group => GroupIntent.IsCopyFor(cache.Id, group)) is { } ours)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"{cache.Id} has the parameter group {ours}, which Keyferry made, but {path} does not say what was there before.",
                "Changes are recorded in the work directory of the command that made them: name that one with --work-dir."
            );
        }

        _out.WriteLine($"nothing to put back: {path} names no open change of {id} in {session.Region}");
        _out.WriteLine("Changes are recorded in the work directory of the command that made them; --work-dir names another than this one.");
        return ExitCodes.Ok;
    }

    private GroupSwitch Switch(IRunStore store) =>
        new(_client, new GroupLeases(store), surroundings.AwsPatience, line => _out.WriteLine(surroundings.Mask.Clean(line)));

    private bool ShowNodes(Cache cache, bool json)
    {
        foreach (var member in cache.Members.Where(member => !member.IsSettled && !json))
        {
            _out.WriteLine($"{member.Id}: {member.Status}, {member.ApplyStatus} {string.Join(", ", member.OutOfSync)}".TrimEnd());
        }

        return cache.Members.All(static member => member.IsSettled);
    }

    /// <summary>Tries out every node of <paramref name="cache"/> that takes writes.</summary>
    public async Task<int> TestAsync(Cache cache, PrimaryProbe probe, bool json, CancellationToken stop)
    {
        var findings = await probe.RunAsync(cache, stop);
        if (json)
        {
            CacheJson.WriteTest(_out, cache, findings);
        }
        else
        {
            foreach (var finding in findings)
            {
                _out.WriteLine($"{finding.Node}: {Words(finding)}");
            }
        }

        var primaries = findings.Where(static finding => !finding.IsReplica).ToList();
        if (primaries.Count > 0 && primaries.TrueForAll(static finding => finding.Proved))
        {
            return ExitCodes.Ok;
        }

        if (!json && primaries.Find(static finding => finding.Unreached is not null) is { Unreached: { } why })
        {
            _out.WriteLine($"not proved: {why.Saw}");
            _out.WriteLine(
                Reach.StepOf(why) is "name" or "route" or "TCP"
                    ? $"what to do: a cache is reached from inside its VPC only; keyferry doctor elasticache://{cache.Id} names what is in the way"
                    : $"what to do: {why.Remedy}"
            );
        }

        return ExitCodes.NotProved;
    }

    private static string Words(NodeFinding finding) =>
        finding switch
        {
            { IsReplica: true } => "a replica; it takes no writes, nothing was tried",
            { Unreached: { } why } => $"not tried: {why.Saw}",
            { Result: { } result } => result.Words,
            _ => "not tried",
        };
}
