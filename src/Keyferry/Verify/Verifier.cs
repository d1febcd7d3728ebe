using System.Text;
using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Verify;

/// <summary>Compares two servers in both directions: type, value and expiry of every key, and that neither side has keys of its own.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Beside it: own connections, and nothing is written to either side. What it finds is mended by marking keys dirty (<see cref="IChangeWatch"/>).</para>
/// <para>Where both servers run scripts and write the same payload version, values stay where they are, and only keys whose digests differ are looked at one
/// by one (<see cref="DigestComparison"/>); else all are.</para>
/// <para><b>Promises.</b> A difference is reported only if it stays; keys that change meanwhile are counted as in flight. What could not be compared is a doubt, never silently equal.
/// Memory is bounded whatever the number of keys and the size of values, but for what one server answers to one DUMP.</para>
/// </remarks>
/// <param name="source">Opens connections to the source.</param>
/// <param name="target">Opens connections to the target.</param>
/// <param name="options">What is compared.</param>
/// <param name="time">The clock of the run.</param>
/// <param name="changes">The migration that this belongs to, or <see langword="null"/> for a comparison on its own.</param>
internal sealed class Verifier(
    ServerConnector source,
    ServerConnector target,
    VerifyOptions options,
    TimeProvider time,
    IChangeWatch? changes = null
)
{
    private const long CandidateBytes = 32 << 20;
    private readonly byte[] _ignoredPrefix = Encoding.UTF8.GetBytes(options.IgnoredPrefix);
    private readonly Candidates _candidates = new(options.CandidateLimit, CandidateBytes);
    private readonly Findings _findings = new(options.KeepFirst, options.IsLeftOut);
    private VerifyProgress _progress;

    /// <summary>What a result proves.</summary>
    public static Verdict VerdictOf(VerifyResult result)
    {
        if (result.DifferenceCount > 0)
        {
            return Verdict.Different;
        }

        return result.Doubts.Count > 0 || result.InFlight > 0 ? Verdict.NotProved : Verdict.Equal;
    }

    /// <summary>Runs the comparison. It may be called once.</summary>
    /// <exception cref="KeyferryException">A server cannot be reached, stayed away too long, or refuses a command that the comparison needs.</exception>
    public async ValueTask<VerifyResult> RunAsync(CancellationToken stop)
    {
        var walks = await Walks.PlanAsync(source, target, stop);
        await using var keeper = new SessionKeeper(source, target, options, time);
        var link = (await keeper.OpenAsync(stop)).Link;
        var (left, right) = await walks.IdentifyAsync(link, stop);
        var pairs = PairsOf(left, right).ToDictionary(static pair => pair.Source);
        _progress = new VerifyProgress(
            0,
            pairs.Values.Sum(pair => left.Keyspace.GetValueOrDefault(pair.Source)),
            0,
            pairs.Values.Sum(pair => right.Keyspace.GetValueOrDefault(pair.Target)),
            0
        );
        DoubtHiddenExpiries(link.Source, "source");
        DoubtHiddenExpiries(link.Target, "target");
        var compared = new List<(DatabasePair, DigestComparison?)>();
        foreach (var pair in pairs.Values)
        {
            // Digests are of all keys of a page: with some of them only, they would differ everywhere.
            compared.Add((pair, options.ComparesSums ? await CompareDigestsAsync(keeper, pair, stop) : null));
        }

        await walks.FinishAsync(
            keeper,
            compared,
            fromSource: true,
            fromTarget: true,
            (pair, fromSource, done) => WalkAsync(keeper, pair, fromSource, done, stop)
        );

        var rechecks = new Rechecks(keeper, _candidates, _findings, pairs, options, time);
        if (changes is null)
        {
            await rechecks.StandAloneAsync(stop);
        }
        else
        {
            await rechecks.InMigrationAsync(changes, stop);
            await CompareChangedAsync(rechecks, changes, stop);
            rechecks.EndMigration();
        }

        if (await walks.MovedAsync(stop) is { } moved)
        {
            _findings.Doubt($"Slots of the {moved} had another owner in the end, so that keys may have been passed over.");
        }

        return _findings.Result(_progress.Compared, _progress.LookedUp, _candidates.Overflow);
    }

    /// <summary>What changed after it was compared is compared again, round by round, until nothing has changed; what still changes then is in flight,
    /// unless it has expired.</summary>
    private async ValueTask CompareChangedAsync(Rechecks rechecks, IChangeWatch watch, CancellationToken stop)
    {
        for (var round = 1; ; round++)
        {
            await watch.SettleAsync(stop);
            if (watch.TakeChanged() is not { } changed)
            {
                _findings.Doubt("More keys changed while both sides were compared than could be remembered to be compared again.");
                return;
            }

            if (changed.Count == 0)
            {
                return;
            }

            foreach (var key in changed)
            {
                _candidates.Add(key, Observation.Moving);
            }

            if (round > options.Looks)
            {
                await rechecks.DropGoneAsync(watch, stop);
                return;
            }

            await rechecks.InMigrationAsync(watch, stop);
        }
    }

    private IEnumerable<DatabasePair> PairsOf(ServerIdentity left, ServerIdentity right) =>
        options.Databases
        ?? left.Keyspace.Keys.Union(right.Keyspace.Keys).Order().Select(static database => new DatabasePair(database, database));

    /// <summary>Compares a database where the values stay on the servers, and looks closer at what is not certainly equal.</summary>
    /// <returns>What is known then; <see langword="null"/> where the servers do not allow it.</returns>
    private async ValueTask<DigestComparison?> CompareDigestsAsync(SessionKeeper keeper, DatabasePair pair, CancellationToken stop)
    {
        using var suspects = new SuspectQueue();
        var comparison = new DigestComparison(options, pair, suspects.Keys, proving: true);
        var before = _progress;
        await keeper.RunAsync(
            async session =>
            {
                await session.Link.SelectAsync(pair, stop);
                await comparison.RunAsync(session.Link, () => PageComparedAsync(session), stop);
                await LookCloserAsync(session, suspects, pair, fromSource: true, least: 1, stop);
            },
            stop
        );
        if (comparison.IsDone)
        {
            comparison.End();
            return comparison;
        }

        // All that was passed is passed once more, and counts then.
        _progress = before;
        return null;

        async ValueTask PageComparedAsync(VerifySession session)
        {
            keeper.GotOn();
            await LookCloserAsync(session, suspects, pair, fromSource: true, CloserLook.BatchSize, stop);
            Report(before, comparison.SourceKeys, comparison.TargetKeys);
        }
    }

    private ValueTask LookCloserAsync(
        VerifySession session,
        SuspectQueue suspects,
        DatabasePair pair,
        bool fromSource,
        int least,
        CancellationToken stop
    ) =>
        suspects.LookCloserAsync(
            session.Closer,
            least,
            fromSource ? _findings.SawType : null,
            (keys, seen) => Note(keys, seen, pair.Source, fromSource),
            stop
        );

    private void Report(VerifyProgress before, long compared, long lookedUp)
    {
        _progress = before with
        {
            Compared = before.Compared + compared,
            LookedUp = before.LookedUp + lookedUp,
            Candidates = _candidates.Count,
        };
        options.Progress?.Invoke(_progress);
    }

    private void DoubtHiddenExpiries(VerifySide side, string role)
    {
        if (side.HidesFieldExpiry)
        {
            _findings.Doubt($"The expiries of hash fields on the {role} could not be read; the user may not run HPEXPIRETIME.");
        }
    }

    private async ValueTask WalkAsync(
        SessionKeeper keeper,
        DatabasePair pair,
        bool fromSource,
        DigestComparison? done,
        CancellationToken stop
    )
    {
        using var suspects = new SuspectQueue();
        using var walk = new PageWalk(_ignoredPrefix, options.NamesOf(pair), suspects.Keys, done);
        var before = _progress;
        await keeper.RunAsync(
            async session =>
            {
                var link = session.Link;
                await link.SelectAsync(pair, stop);
                if (!walk.IsOver)
                {
                    var (side, look) = fromSource ? (link.Source, session.Values) : (link.Target, session.Existence);
                    await walk.RunAsync(side, link, look, () => PageComparedAsync(session), stop);
                }

                await LookCloserAsync(session, suspects, pair, fromSource, least: 1, stop);
            },
            stop
        );

        async ValueTask PageComparedAsync(VerifySession session)
        {
            keeper.GotOn();
            await LookCloserAsync(session, suspects, pair, fromSource, CloserLook.BatchSize, stop);
            // Of keys that were passed already, none is counted twice.
            var keys = done?.Surplus is null ? walk.Keys : 0;
            Report(before, fromSource ? keys : 0, fromSource ? 0 : keys);
        }
    }

    private void Note(KeyBatch keys, IReadOnlyList<Observation?> seen, int database, bool fromSource)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (seen[i] is not { } observation)
            {
                continue;
            }

            if (observation.Kind == DifferenceKind.Surplus && !fromSource && !options.TargetKeysOwned)
            {
                // Nobody has seen the source have it, so it is none of the run's business.
                _findings.LeftAlone++;
                continue;
            }

            _candidates.Add(new KeyId(database, new KeyName(keys[i].ToArray())), observation);
        }
    }
}
