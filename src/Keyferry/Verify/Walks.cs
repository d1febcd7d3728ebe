using Keyferry.Servers;

namespace Keyferry.Verify;

/// <summary>Every walk that a comparison of two deployments takes: each database, from each primary of the side that is walked over.</summary>
/// <param name="source">The source.</param>
/// <param name="target">The target.</param>
internal sealed class Walks(ServerConnector source, ServerConnector target)
{
    private readonly IReadOnlyList<ServerConnector> _sources = source.Shards;
    private readonly IReadOnlyList<ServerConnector> _targets = target.Shards;
    private readonly SlotMap? _sourceSlots = source.Topology?.Told;
    private readonly SlotMap? _targetSlots = target.Topology?.Told;

    /// <summary>Asks both sides where their slots are, so that the walks begin with what is so now.</summary>
    /// <exception cref="Model.KeyferryException">A cluster does not answer, or none of its nodes serves any slot.</exception>
    public static async ValueTask<Walks> PlanAsync(ServerConnector source, ServerConnector target, CancellationToken stop)
    {
        foreach (var side in (ServerConnector[])[source, target])
        {
            if (side.Topology is { } topology)
            {
                _ = await topology.RefreshAsync(stop);
            }
        }

        var walks = new Walks(source, target);
        return walks._sources.Count == 0 ? throw NoPrimary(source)
            : walks._targets.Count == 0 ? throw NoPrimary(target)
            : walks;
    }

    /// <summary>What both sides are, all primaries taken together.</summary>
    /// <param name="link">Both sides as they are connected now.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask<(ServerIdentity Source, ServerIdentity Target)> IdentifyAsync(VerifyLink link, CancellationToken stop) =>
        (
            _sourceSlots is null ? link.Source.Identity : await ClusterIdentity.AskAsync(source, stop),
            _targetSlots is null ? link.Target.Identity : await ClusterIdentity.AskAsync(target, stop)
        );

    /// <summary>Does <paramref name="walk"/> for each primary of the source, or of the target.</summary>
    public async ValueTask ForEachAsync(SessionKeeper keeper, bool fromSource, Func<ValueTask> walk)
    {
        foreach (var shard in fromSource ? _sources : _targets)
        {
            await keeper.TurnToAsync(fromSource ? shard : source, fromSource ? target : shard);
            await walk();
        }

        await keeper.TurnToAsync(source, target);
    }

    /// <summary>Does <paramref name="walk"/> for a primary of each side at a time, until every one has had its turn.</summary>
    /// <param name="keeper">Keeps the connections.</param>
    /// <param name="walk">Told whether it is the turn of the primary of the source, and of that of the target; says whether to go on.</param>
    public async ValueTask ForBothAsync(SessionKeeper keeper, Func<bool, bool, ValueTask<bool>> walk)
    {
        var goesOn = true;
        for (var i = 0; goesOn && i < Math.Max(_sources.Count, _targets.Count); i++)
        {
            await keeper.TurnToAsync(_sources[Math.Min(i, _sources.Count - 1)], _targets[Math.Min(i, _targets.Count - 1)]);
            goesOn = await walk(i < _sources.Count, i < _targets.Count);
        }

        await keeper.TurnToAsync(source, target);
    }

    /// <summary>Walks key by key over what the comparison by digests has left open.</summary>
    /// <param name="keeper">Keeps the connections.</param>
    /// <param name="compared">Each pair of databases, and what is known of it; <see langword="null"/> where all of it is open.</param>
    /// <param name="fromSource">Whether keys of the source are wanted.</param>
    /// <param name="fromTarget">Whether keys of the target are wanted that the source has not.</param>
    /// <param name="walk">Walks over a pair of databases, from the source or from the target, over what is open of it.</param>
    public async ValueTask FinishAsync(
        SessionKeeper keeper,
        IReadOnlyCollection<(DatabasePair Pair, DigestComparison? Done)> compared,
        bool fromSource,
        bool fromTarget,
        Func<DatabasePair, bool, DigestComparison?, ValueTask> walk
    )
    {
        if (fromSource)
        {
            await ForEachAsync(
                keeper,
                fromSource: true,
                async () =>
                {
                    foreach (var (pair, _) in compared.Where(static database => database.Done is null))
                    {
                        await walk(pair, true, null);
                    }
                }
            );
        }

        if (fromTarget)
        {
            foreach (var (pair, done) in compared.Where(static database => database.Done?.SurplusNames is { Count: > 0 }))
            {
                await walk(pair, false, done);
            }

            await ForEachAsync(
                keeper,
                fromSource: false,
                async () =>
                {
                    foreach (
                        var (pair, done) in compared.Where(static database =>
                            database.Done is not ({ Surplus.Count: 0 } or { SurplusNames: not null })
                        )
                    )
                    {
                        await walk(pair, false, done);
                    }
                }
            );
        }
    }

    /// <summary>Which side's slots have changed hands since the walks were planned, so that a walk may have passed keys over; <see langword="null"/> for none.</summary>
    /// <exception cref="Model.KeyferryException">A cluster does not answer.</exception>
    public async ValueTask<string?> MovedAsync(CancellationToken stop)
    {
        if (await HasMovedAsync(source, _sourceSlots, stop))
        {
            return "source";
        }

        return await HasMovedAsync(target, _targetSlots, stop) ? "target" : null;
    }

    private static Model.KeyferryException NoPrimary(ServerConnector side) =>
        ConnectionTrouble.Node(new IOException("no node of the cluster serves any slot"), side.Endpoint, side.Role);

    private static async ValueTask<bool> HasMovedAsync(ServerConnector side, SlotMap? before, CancellationToken stop) =>
        before is not null && side.Topology is { } topology && await topology.HaveMovedAsync(before, stop);
}
