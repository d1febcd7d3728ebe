using System.Text;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Verify;

/// <summary>Another pass over both sides, beside the live changes: whatever is not certainly equal is to be looked at again.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Beside it, as a verify is; it writes nothing, it only names keys. Equal keys are recognised without moving their values
/// where both servers run scripts (<see cref="DigestComparison"/>), else by comparing payloads.</para>
/// <para><b>Promises.</b> When it returns, every key that the source had during the whole pass, but for those that <see cref="UsedSince"/> leaves out, and every key of the target that
/// the run owns, was found equal or has been named.</para>
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

    /// <summary>Seconds since 1970 by the source's clock: keys that it has not used since then are known to be equal, and are not looked at: that the target still has one of them
    /// is not asked. <see langword="null"/> to compare every key.</summary>
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
        var compared = new List<(DatabasePair, DigestComparison?)>();
        foreach (var pair in pairs)
        {
            // Digests are of all keys of a page: with some of them only, they would differ everywhere.
            var keys = Math.Max(left.Keyspace.GetValueOrDefault(pair.Source), right.Keyspace.GetValueOrDefault(pair.Target));
            compared.Add((pair, surplusOnly || !options.ComparesSums ? null : await CompareAsync(walks, keeper, pair, keys, stop)));
        }

        await walks.FinishAsync(
            keeper,
            compared,
            fromSource: !surplusOnly,
            fromTarget: options.TargetKeysOwned,
            (pair, fromSource, done) => WalkAsync(keeper, pair, fromSource, done, stop)
        );
    }

    /// <summary>Compares a database where the values stay on the servers.</summary>
    /// <returns>What is known then; <see langword="null"/> where the servers do not allow it.</returns>
    private async ValueTask<DigestComparison?> CompareAsync(
        Walks walks,
        SessionKeeper keeper,
        DatabasePair pair,
        long aboutKeys,
        CancellationToken stop
    )
    {
        using var suspects = new KeyBatch();
        var comparison = new DigestComparison(options, pair, suspects, proving: false) { UsedSince = UsedSince, AboutKeys = aboutKeys };
        await walks.ForBothAsync(
            keeper,
            async (source, target) =>
            {
                comparison.Begin(source, target);
                await keeper.RunAsync(
                    async session =>
                    {
                        await session.Link.SelectAsync(pair, stop);
                        await comparison.RunAsync(session.Link, () => NameAsync(keeper, suspects, pair.Source, stop), stop);
                    },
                    stop
                );
                await NameAsync(keeper, suspects, pair.Source, stop);
                return comparison.IsDone;
            }
        );
        comparison.End();
        NotLeftOut ??= comparison.NotLeftOut;
        return comparison.IsDone ? comparison : null;
    }

    private async ValueTask WalkAsync(
        SessionKeeper keeper,
        DatabasePair pair,
        bool fromSource,
        DigestComparison? done,
        CancellationToken stop
    )
    {
        using var suspects = new KeyBatch();
        using var walk = new PageWalk(_ignoredPrefix, options.NamesOf(pair), suspects, done);
        // Where everything takes part, digests have been tried already.
        var byDigests = fromSource && !options.ComparesSums;
        await keeper.RunAsync(
            async session =>
            {
                await session.Link.SelectAsync(pair, stop);
                if (walk.IsOver)
                {
                    return;
                }

                var side = fromSource ? session.Link.Source : session.Link.Target;
                var pages = fromSource ? session.Values : session.Existence;
                var digests =
                    byDigests && session.Values is PayloadPages ? await DigestPages.TryCreateAsync(session.Link, options, stop) : null;
                try
                {
                    await walk.RunAsync(side, session.Link, digests ?? pages, () => NameAsync(keeper, suspects, pair.Source, stop), stop);
                }
                catch (ServerErrorException refused) when (digests is not null && !Outage.IsPassing(refused))
                {
                    // Answers to other pages may still be on their way: on new connections the values are compared from here on.
                    byDigests = false;
                    throw new IOException("a server refuses what a script needs", refused);
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
