using System.Text;
using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Verify;

/// <summary>Another pass over both sides, beside the live changes: whatever is not certainly equal is to be looked at again.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Beside it, as a verify is; it writes nothing, it only names keys. Equal keys are recognised without moving their values, and nearly
/// always without moving their names, where both servers run scripts (<see cref="BucketComparison"/>), else by comparing payloads.</para>
/// <para><b>Promises.</b> When it returns, every key that the source had during the whole pass, and every key of the target that the run owns, was found equal or
/// has been named.</para>
/// <para><b>Concurrency.</b> One task, its own connections.</para>
/// </remarks>
/// <param name="source">Opens connections to the source.</param>
/// <param name="target">Opens connections to the target.</param>
/// <param name="options">What is compared; candidates and re-checks play no part.</param>
/// <param name="look">Asks for another look at a key; waits while there is no room for it.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class Rescan(
    ServerConnector source,
    ServerConnector target,
    VerifyOptions options,
    Func<KeyId, CancellationToken, ValueTask> look,
    TimeProvider time
)
{
    private readonly byte[] _ignoredPrefix = Encoding.UTF8.GetBytes(options.IgnoredPrefix);

    /// <summary>Seconds since 1970 by the source's clock: keys that it has not used since then are equal, so that only their names are compared. <see langword="null"/> to
    /// compare every key.</summary>
    public long? UsedSince { get; set; }

    /// <summary>Why keys were compared although they had not been used; <see langword="null"/> where none was.</summary>
    public string? NotLeftOut { get; private set; }

    /// <summary>Keys that were named.</summary>
    public long Named { get; private set; }

    /// <summary>Passes over every key of both sides, or of the target alone.</summary>
    /// <param name="surplusOnly">Look only for keys that the target has and the source has not.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="KeyferryException">A server cannot be reached, stayed away too long, or refuses a command.</exception>
    public async ValueTask RunAsync(bool surplusOnly, CancellationToken stop)
    {
        var walks = await Walks.PlanAsync(source, target, stop);
        await using var keeper = new SessionKeeper(source, target, options, time);
        var (left, right) = await walks.IdentifyAsync((await keeper.OpenAsync(stop)).Link, stop);
        DatabasePair[] pairs =
        [
            .. options.Databases
                ?? left.Keyspace.Keys.Union(right.Keyspace.Keys).Select(static database => new DatabasePair(database, database)),
        ];
        NotLeftOut = UsedSince is not null && !options.ComparesSums ? "only some of the keys take part" : null;
        var concerned = new Dictionary<DatabasePair, IScanFilter?>();
        foreach (var pair in pairs)
        {
            // The sums are over all names: with some of them only, they would differ everywhere.
            var only = surplusOnly || !options.ComparesSums ? null : await NarrowAsync(keeper, pair, stop);
            if (only is not { Count: 0 })
            {
                concerned.Add(pair, only);
            }
        }

        if (!surplusOnly)
        {
            await walks.ForEachAsync(keeper, fromSource: true, () => WalkAllAsync(keeper, concerned, fromSource: true, stop));
        }

        if (options.TargetKeysOwned)
        {
            await walks.ForEachAsync(keeper, fromSource: false, () => WalkAllAsync(keeper, concerned, fromSource: false, stop));
        }
    }

    private async ValueTask WalkAllAsync(
        SessionKeeper keeper,
        Dictionary<DatabasePair, IScanFilter?> concerned,
        bool fromSource,
        CancellationToken stop
    )
    {
        foreach (var (pair, only) in concerned)
        {
            await WalkAsync(keeper, pair, fromSource, only, stop);
        }
    }

    /// <summary>The keys that need to be looked at one by one; <see langword="null"/> for all. Those that were used are looked at here, where the others may be left out.</summary>
    private async ValueTask<BucketSet?> NarrowAsync(SessionKeeper keeper, DatabasePair pair, CancellationToken stop)
    {
        if (UsedSince is { } since)
        {
            var used = new RecentUse(since);
            NotLeftOut = await WhyNotAsync(keeper, used, pair, stop);
            var names = NotLeftOut is null ? await CompareAsync(keeper, pair, namesOnly: true, stop) : null;
            if (names is not null)
            {
                await WalkAsync(keeper, pair, fromSource: true, used, stop);
                return names;
            }

            NotLeftOut ??= "too many names differ";
        }

        return await CompareAsync(keeper, pair, namesOnly: false, stop);
    }

    private async ValueTask<string?> WhyNotAsync(SessionKeeper keeper, RecentUse used, DatabasePair pair, CancellationToken stop)
    {
        string? whyNot = null;
        await keeper.RunAsync(
            async session =>
            {
                await session.Link.SelectAsync(pair, stop);
                whyNot = await used.WhyNotAsync(session.Link.Source, pair.Source, options.SourceIsFenced, stop);
            },
            stop
        );
        return whyNot;
    }

    private async ValueTask<BucketSet?> CompareAsync(SessionKeeper keeper, DatabasePair pair, bool namesOnly, CancellationToken stop)
    {
        var comparison = new BucketComparison(options, pair, namesOnly: namesOnly);
        await keeper.RunAsync(
            async session =>
            {
                await session.Link.SelectAsync(pair, stop);
                await comparison.RunAsync(session.Link, keeper.GotOn, stop);
            },
            stop
        );
        return comparison.Unequal;
    }

    private async ValueTask WalkAsync(SessionKeeper keeper, DatabasePair pair, bool fromSource, IScanFilter? only, CancellationToken stop)
    {
        using var suspects = new KeyBatch();
        using var walk = new PageWalk(_ignoredPrefix, options.Names, suspects, only);
        await keeper.RunAsync(
            async session =>
            {
                await session.Link.SelectAsync(pair, stop);
                if (!walk.IsOver)
                {
                    var (side, pages) = fromSource ? (session.Link.Source, session.Values) : (session.Link.Target, session.Existence);
                    await walk.RunAsync(side, session.Link, pages, () => NameAsync(keeper, suspects, pair.Source, stop), stop);
                }
            },
            stop
        );
        await NameAsync(keeper, suspects, pair.Source, stop);
    }

    private async ValueTask NameAsync(SessionKeeper keeper, KeyBatch suspects, int database, CancellationToken stop)
    {
        keeper.GotOn();
        for (var i = 0; i < suspects.Count; i++)
        {
            await look(new KeyId(database, new KeyName(suspects[i].ToArray())), stop);
        }

        Named += suspects.Count;
        suspects.Clear();
    }
}
