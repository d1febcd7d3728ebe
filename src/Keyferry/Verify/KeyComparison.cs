using Keyferry.Model;

namespace Keyferry.Verify;

/// <summary>Compares keys that are named, not walked over: a cheap look at all of them, and a closer one at those that it does not find equal.</summary>
/// <param name="keeper">Connections of its own.</param>
/// <param name="pairOf">Where a database of the source goes.</param>
internal sealed class KeyComparison(SessionKeeper keeper, Func<int, DatabasePair> pairOf)
{
    private const int PageSize = 256;

    /// <summary>So few at once where the servers are left to others in between: those wait for a page.</summary>
    private const int SmallPageSize = 100;

    /// <summary>Compares all of <paramref name="keys"/>.</summary>
    /// <param name="keys">Which.</param>
    /// <param name="seen">Told of each key, once the page with it is compared, and again where a connection is lost after that; <see langword="null"/> means that both sides are equal.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask RunAsync(IEnumerable<KeyId> keys, Action<KeyId, Observation?> seen, CancellationToken stop)
    {
        foreach (var database in keys.GroupBy(static key => key.Database))
        {
            foreach (var pages in database.Chunk(8 * PageSize))
            {
                await keeper.RunAsync(
                    async session =>
                    {
                        await session.Link.SelectAsync(pairOf(database.Key), stop);
                        await ComparePagesAsync(session, pages, seen, stop);
                    },
                    stop
                );
            }
        }
    }

    private static async ValueTask ComparePagesAsync(
        VerifySession session,
        KeyId[] keys,
        Action<KeyId, Observation?> seen,
        CancellationToken stop
    )
    {
        using var suspects = new KeyBatch();
        var suspected = new List<KeyId>();
        var asked = new Queue<(ArraySegment<KeyId> Keys, KeyBatch Page)>();
        for (var from = 0; from < keys.Length; )
        {
            var count = Math.Min(session.Link.Rests ? SmallPageSize : PageSize, Math.Min(session.Named.PageSize, keys.Length - from));
            await session.Link.PageAsync(count, stop);
            var page = PageOf(keys.AsSpan(from, count));
            asked.Enqueue((new ArraySegment<KeyId>(keys, from, count), page));
            from += count;
            session.Named.Ask(page);
            await session.Link.FlushPagesAsync(stop);
            // One page is under way while another is looked at, so that both servers always have something to do.
            while (asked.Count > (session.Link.Rests ? 0 : 1))
            {
                await NextAsync();
                await session.Link.RestAsync(stop);
            }
        }

        while (asked.Count > 0)
        {
            await NextAsync();
        }

        var unequal = await LookCloserAsync(session, suspects, stop);
        foreach (var key in suspected)
        {
            seen(key, unequal.GetValueOrDefault(key.Name));
        }

        async ValueTask NextAsync()
        {
            var (compared, page) = asked.Dequeue();
            var before = suspects.Count;
            await CompareAsync(session, page, suspects, stop);
            var doubtful = Enumerable.Range(before, suspects.Count - before).Select(i => new KeyName(suspects[i].ToArray())).ToHashSet();
            foreach (var key in compared)
            {
                // Told at once: with its rests, the last page may come seconds later.
                if (doubtful.Contains(key.Name))
                {
                    suspected.Add(key);
                }
                else
                {
                    seen(key, null);
                }
            }
        }
    }

    private static KeyBatch PageOf(ReadOnlySpan<KeyId> keys)
    {
        var page = new KeyBatch();
        foreach (var key in keys)
        {
            page.Add(key.Name.Span);
        }

        return page;
    }

    private static async ValueTask CompareAsync(VerifySession session, KeyBatch page, KeyBatch suspects, CancellationToken stop)
    {
        using (page)
        {
            await session.Named.CompareAsync(page, suspects, stop);
        }
    }

    private static async ValueTask<Dictionary<KeyName, Observation>> LookCloserAsync(
        VerifySession session,
        KeyBatch suspects,
        CancellationToken stop
    )
    {
        var unequal = new Dictionary<KeyName, Observation>();
        using var batch = new KeyBatch();
        for (var from = 0; from < suspects.Count; from += CloserLook.BatchSize)
        {
            batch.Clear();
            for (var i = from; i < Math.Min(suspects.Count, from + CloserLook.BatchSize); i++)
            {
                batch.Add(suspects[i]);
            }

            var now = await session.Closer.LookAsync(batch, sawType: null, stop);
            for (var i = 0; i < batch.Count; i++)
            {
                if (now[i] is { } observation)
                {
                    unequal[new KeyName(batch[i].ToArray())] = observation;
                }
            }

            await session.Link.RestAsync(stop);
        }

        return unequal;
    }
}
