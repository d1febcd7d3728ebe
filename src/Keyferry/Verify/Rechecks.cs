using Keyferry.Model;

namespace Keyferry.Verify;

/// <summary>Decides about keys that looked different: stable difference, in flight, mended, or equal after all.</summary>
internal sealed class Rechecks(
    SessionKeeper keeper,
    Candidates candidates,
    Findings findings,
    IReadOnlyDictionary<int, DatabasePair> pairs,
    VerifyOptions options,
    TimeProvider time
)
{
    /// <summary>Without a migration: looks again after pauses. Different in all looks, and the same in all of them, is a stable difference; different otherwise is in flight.</summary>
    public async ValueTask StandAloneAsync(CancellationToken stop)
    {
        var changed = new HashSet<KeyId>();
        for (var look = 2; look <= options.Looks && candidates.Count > 0; look++)
        {
            await Task.Delay(options.Pause, time, stop);
            await LookAtAllAsync(
                (rule, key, now, _) =>
                {
                    if (now is null)
                    {
                        candidates.Remove(key);
                        return;
                    }

                    if (!candidates[key].SameAs(now, rule))
                    {
                        _ = changed.Add(key);
                    }

                    candidates[key] = now;
                },
                stop
            );
        }

        foreach (var key in candidates.Keys)
        {
            Conclude(key, inFlight: changed.Contains(key));
        }
    }

    /// <summary>In a migration: what only lags is equal once the run has settled; what is left gets another look by the run, which is the repair. It may be called again
    /// with more candidates; <see cref="EndMigration"/> ends it.</summary>
    public async ValueTask InMigrationAsync(IChangeWatch changes, CancellationToken stop)
    {
        if (candidates.Count > 0)
        {
            await changes.SettleAsync(stop);
            await LookAtAllAsync((_, key, now, _) => Note(key, now), stop);
        }

        for (var round = 2; round <= options.Looks && candidates.Count > 0; round++)
        {
            await RepairAsync(changes, stop);
        }
    }

    /// <summary>Forgets candidates that neither side has: the clock goes on expiring keys for as long as there are any, and nothing of them is in flight.</summary>
    public async ValueTask DropGoneAsync(IChangeWatch changes, CancellationToken stop)
    {
        await changes.SettleAsync(stop);
        await LookAtAllAsync(
            (_, key, now, isGone) =>
            {
                if (now is null && isGone)
                {
                    candidates.Remove(key);
                }
            },
            stop
        );
    }

    /// <summary>Ends the looks of a migration: whatever never looked equal is in flight.</summary>
    public void EndMigration()
    {
        foreach (var key in candidates.Keys)
        {
            Conclude(key, inFlight: true);
        }
    }

    private async ValueTask RepairAsync(IChangeWatch changes, CancellationToken stop)
    {
        KeyId[] keys = [.. candidates.Keys];
        var stable = new List<KeyId>();
        using var watched = changes.Watch(keys);
        changes.LookAgain(keys);
        await changes.SettleAsync(stop);
        await LookAtAllAsync(
            (rule, key, now, _) =>
            {
                if (now is null)
                {
                    findings.Repaired += watched.WasTouched(key) ? 0 : 1;
                }
                else if (candidates[key].SameOnSource(now, rule))
                {
                    // A change without an event (XACK, XREADGROUP) shows only so.
                    stable.Add(key);
                }

                Note(key, now);
            },
            stop
        );

        if (stable.Count > 0)
        {
            // A change that the look has seen may not have been reported yet.
            await changes.SettleAsync(stop);
            foreach (var key in stable.Where(key => !watched.WasTouched(key)))
            {
                Conclude(key, inFlight: false);
                candidates.Remove(key);
            }
        }
    }

    private void Note(in KeyId key, Observation? now)
    {
        if (now is null)
        {
            candidates.Remove(key);
        }
        else
        {
            candidates[key] = now;
        }
    }

    private void Conclude(in KeyId key, bool inFlight)
    {
        if (inFlight || candidates[key].Changing)
        {
            findings.InFlight++;
        }
        else
        {
            findings.Stable(key, candidates[key]);
        }
    }

    /// <summary>A database that came into use after the comparison had begun is in no list; only runs over all databases hear of its keys, and those keep the numbers.</summary>
    private DatabasePair PairOf(int database) => pairs.TryGetValue(database, out var pair) ? pair : new DatabasePair(database, database);

    /// <param name="seen">Told of each candidate: what differs now, and whether the source does not have it.</param>
    /// <param name="stop">Gives up.</param>
    private async ValueTask LookAtAllAsync(Action<ExpiryRule, KeyId, Observation?, bool> seen, CancellationToken stop)
    {
        using var batch = new KeyBatch();
        foreach (var database in candidates.Keys.GroupBy(static key => key.Database).ToList())
        {
            foreach (var chunk in database.Chunk(CloserLook.BatchSize))
            {
                batch.Clear();
                foreach (var key in chunk)
                {
                    batch.Add(key.Name.Span);
                }

                await keeper.RunAsync(
                    async session =>
                    {
                        await session.Link.SelectAsync(PairOf(database.Key), stop);
                        var now = await session.Closer.LookAsync(batch, sawType: null, stop);
                        for (var i = 0; i < chunk.Length; i++)
                        {
                            seen(session.Link.Expiry, chunk[i], now[i], session.Closer.IsGone(i));
                        }
                    },
                    stop
                );
            }
        }
    }
}
