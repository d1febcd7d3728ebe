using System.Text;
using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Servers;

namespace Keyferry.Verify;

/// <summary>Compares both sides beside the live changes, again and again, so that at the cutover only the keys remain to be compared that were touched a moment ago.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Beside it: connections of its own, and nothing is written. A difference that stays is mended by asking for another look.</para>
/// <para><b>Two loops.</b> A walk over all keys of both sides, slow enough to leave the servers to the application; and rounds over what was touched meanwhile, several a
/// second. A key that is touched more often than the rounds come never counts as verified, and is compared under the fence.</para>
/// <para><b>Promises.</b> While <see cref="Coverage"/> is complete, every key that is not among its unproved ones, nor has been heard of since the last round, was compared
/// equal after it was last moved.</para>
/// </remarks>
internal sealed class ContinuousVerifier : IAsyncDisposable
{
    private static readonly TimeSpan RoundInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PassInterval = TimeSpan.FromSeconds(10);

    /// <summary>A page of the walk is followed by a rest of so many times its own length: it takes a server's time for a twentieth at most, less the busier that is.</summary>
    private const int RestsPerPage = 19;

    /// <summary>The same for a page of touched keys. There is more of a hurry: where more are touched than are compared, the coverage is void in the end.</summary>
    private const int RestsPerTouched = 19;

    /// <summary>Keys that one round compares while nobody waits: those that are touched meanwhile must be remembered until its end.</summary>
    private const int MostPerRound = 2_000;

    private readonly ServerConnector _source;
    private readonly ServerConnector _target;
    private readonly VerifyOptions _options;
    private readonly IContinuousWatch _changes;
    private readonly TimeProvider _time;
    private readonly Rests _walkRests;
    private readonly Rests _roundRests;
    private readonly SessionKeeper _rounds;
    private readonly Turn _oneRound = new();
    private readonly StrayKeys _strays = new();
    private readonly byte[] _ignoredPrefix;
    private bool _hurry;
    private long _walked;
    private long _repaired;
    private long _compared;
    private long _comparedBefore;
    private Dictionary<string, long> _types = [];

    /// <param name="source">Opens connections to the source.</param>
    /// <param name="target">Opens connections to the target.</param>
    /// <param name="options">What is compared.</param>
    /// <param name="changes">The migration that this belongs to.</param>
    /// <param name="time">The clock of the run.</param>
    public ContinuousVerifier(
        ServerConnector source,
        ServerConnector target,
        VerifyOptions options,
        IContinuousWatch changes,
        TimeProvider time
    )
    {
        (_source, _target, _changes, _time) = (source, target, changes, time);
        (_walkRests, _roundRests) = (new Rests(RestsPerPage, time), new Rests(RestsPerTouched, time));
        _options = options with { Rests = _walkRests };
        // Rounds and the proof go on under a fence, where EVAL is held back and EVAL_RO is not.
        _rounds = new SessionKeeper(source, target, options with { SourceIsFenced = true, Rests = _roundRests }, time);
        _ignoredPrefix = Encoding.UTF8.GetBytes(options.IgnoredPrefix);
    }

    /// <summary>What is known to be equal.</summary>
    public Coverage Coverage { get; } = new();

    /// <summary>Whether it goes as fast as it can, until everything is compared: somebody waits for it. Setting it ends every rest at once.</summary>
    public bool Hurry
    {
        get => Volatile.Read(ref _hurry);
        set
        {
            Volatile.Write(ref _hurry, value);
            _roundRests.Hurry = value;
            _walkRests.Hurry = value && !Coverage.IsComplete;
        }
    }

    /// <summary>Keys that a whole walk has to pass, both directions together; 0 before the first.</summary>
    public long Total { get; private set; }

    /// <summary>Keys that the present walk has passed.</summary>
    public long Walked => Interlocked.Read(ref _walked);

    /// <summary>Keys that somebody else wrote on the target, and that were put right from the source.</summary>
    public long PutRight => _strays.PutRight;

    /// <summary>Differences that another look has mended.</summary>
    public long Repaired => Interlocked.Read(ref _repaired);

    /// <summary>Keys of the source that the last whole walk has compared, and keys of the target that it has looked up.</summary>
    public (long Compared, long LookedUp) LastPass { get; private set; }

    /// <summary>Types of the keys of the source that it has looked at one by one, since they were not the same bytes, or could not be compared so.</summary>
    public IReadOnlyDictionary<string, long> ByType { get; private set; } = new Dictionary<string, long>();

    /// <summary>Keys that rounds have compared since that walk began, because they were touched or did not look equal; a key that was compared twice counts twice.</summary>
    public long ComparedAgain => Interlocked.Read(ref _compared) - Interlocked.Read(ref _comparedBefore);

    /// <summary>Walks until <paramref name="stop"/>.</summary>
    /// <exception cref="KeyferryException">A server stayed away too long, or refuses a command that the comparison needs.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            var rounds = RoundsAsync(stop);
            var passes = PassesAsync(stop);
            await await Task.WhenAny(rounds, passes);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }

    /// <summary>Compares what is unproved now, once. Under a fence, after a drain, nothing is left then.</summary>
    /// <returns>How many keys were compared, and how many of them are still unequal.</returns>
    public ValueTask<(int Compared, int Unequal)> RoundAsync(bool settle, CancellationToken stop) =>
        RoundAsync(int.MaxValue, settle, thorough: true, stop);

    /// <summary>Opens the connections that a proof needs, if they are not open: under a fence every millisecond counts.</summary>
    public async ValueTask PrepareAsync(CancellationToken stop)
    {
        await _oneRound.EnterAsync(stop);
        try
        {
            await _rounds.RunAsync(static _ => ValueTask.CompletedTask, stop);
        }
        finally
        {
            _oneRound.Leave();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _rounds.DisposeAsync();

    private async ValueTask<(int Compared, int Unequal)> RoundAsync(int most, bool settle, bool thorough, CancellationToken stop)
    {
        await _oneRound.EnterAsync(stop);
        try
        {
            // Taken first, settled then: what is taken has been heard of, so it is on the target before it is compared.
            if (_changes.TakeChanged() is not { } touched)
            {
                Coverage.Void("more keys changed at once than can be remembered to be compared again");
                return (0, 0);
            }

            Coverage.Add(touched);
            if (settle && Coverage.Unproved > 0)
            {
                await SettleAsync(stop);
            }

            // What the lanes have just written is told by now, so that it is compared once and not again with the next round.
            if (await _changes.TakeToldAsync(thorough, stop) is not { } told || _changes.TakeChanged() is not { } late)
            {
                Coverage.Void("what is written on the target may have been missed");
                _strays.Forget();
                return (0, 0);
            }

            _strays.Note(Coverage, told, touched, late);
            var keys = Coverage.Take(most);
            // Their turn comes with the next round, once they have been moved for certain.
            Coverage.Add(late);
            if (keys.Count == 0)
            {
                return (0, 0);
            }

            _roundRests.Begin();
            return (keys.Count, await CompareAsync([.. keys.Select(static entry => entry.Key)], stop));
        }
        finally
        {
            _oneRound.Leave();
        }
    }

    /// <summary>Nobody has large values moved for the sake of the comparison alone, unless somebody waits for it.</summary>
    private async ValueTask SettleAsync(CancellationToken stop)
    {
        var hurried = _roundRests.Hurried();
        if (Hurry)
        {
            await _changes.SettleAsync(stop);
            return;
        }

        var settled = _changes.SettleInTurnAsync(stop).AsTask();
        if (await Task.WhenAny(settled, hurried) == hurried)
        {
            await _changes.SettleAsync(stop);
        }

        await settled;
    }

    private async ValueTask<int> CompareAsync(KeyId[] keys, CancellationToken stop)
    {
        var again = new List<KeyId>();
        var unequal = 0;
        await new KeyComparison(_rounds, PairOf).RunAsync(
            keys,
            (key, seen) =>
            {
                if (seen is null || (seen.Kind == DifferenceKind.Surplus && !OwnsSurplus && _strays.AreOf(key)))
                {
                    _strays.Equal(key);
                    Coverage.Proved(key);
                    return;
                }

                unequal++;
                if (Coverage.Unequal(key) > 1)
                {
                    _strays.Again(key);
                    again.Add(key);
                }
            },
            stop
        );
        _changes.LookAgain(again);
        _ = Interlocked.Add(ref _repaired, again.Count);
        _ = Interlocked.Add(ref _compared, keys.Length);
        return unequal;
    }

    /// <summary>Whether a key that the target alone has, and that the source has told nothing of, is the run's to remove.</summary>
    private bool OwnsSurplus => _options is { TargetKeysOwned: true, Kinds.AreAll: true };

    private DatabasePair PairOf(int database) =>
        _options.Databases?.FirstOrDefault(pair => pair.Source == database) ?? new DatabasePair(database, database);

    private async Task RoundsAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(RoundInterval, _time, stop);
            _ = await RoundAsync(Hurry ? int.MaxValue : MostPerRound, settle: true, thorough: false, stop);
        }
    }

    private async Task PassesAsync(CancellationToken stop)
    {
        await _changes.RememberAsync(stop);
        await _changes.SettleAsync(stop);
        while (true)
        {
            while (_changes.HasGap)
            {
                // What is compared while changes may be missed would not count.
                await Task.Delay(RoundInterval, _time, stop);
            }

            var epoch = Coverage.Epoch;
            _ = Interlocked.Exchange(ref _walked, 0);
            // Nobody waits for a walk over what has been compared before.
            _walkRests.Hurry = Hurry && !Coverage.IsComplete;
            if (await TryPassAsync(epoch, stop))
            {
                Coverage.Completed(epoch);
                await PauseAsync(epoch, stop);
            }
        }
    }

    /// <summary>Between two passes; what was compared is asked for again at once where it counts no more.</summary>
    private async ValueTask PauseAsync(int epoch, CancellationToken stop)
    {
        var since = _time.GetTimestamp();
        while (Coverage.Epoch == epoch && _time.GetElapsedTime(since) < PassInterval)
        {
            await Task.Delay(RoundInterval, _time, stop);
        }
    }

    /// <returns>Whether the pass came to its end; a coverage that was voided meanwhile needs a new one.</returns>
    private async ValueTask<bool> TryPassAsync(int epoch, CancellationToken stop)
    {
        var walks = await Walks.PlanAsync(_source, _target, stop);
        await using var keeper = new SessionKeeper(_source, _target, _options, _time);
        var (left, right) = await walks.IdentifyAsync((await keeper.OpenAsync(stop)).Link, stop);
        DatabasePair[] pairs =
        [
            .. _options.Databases
                ?? left.Keyspace.Keys.Union(right.Keyspace.Keys).Order().Select(static database => new DatabasePair(database, database)),
        ];
        Total = pairs.Sum(pair => left.Keyspace.GetValueOrDefault(pair.Source) + right.Keyspace.GetValueOrDefault(pair.Target));
        var pass = (Compared: 0L, LookedUp: 0L);
        _types = new Dictionary<string, long>(StringComparer.Ordinal);
        var before = Interlocked.Read(ref _compared);
        var valid = true;
        await walks.ForEachAsync(keeper, fromSource: true, () => WalkAllAsync(fromSource: true));
        pass.Compared = Walked;
        await walks.ForEachAsync(keeper, fromSource: false, () => WalkAllAsync(fromSource: false));
        pass.LookedUp = Walked - pass.Compared;
        if (valid && await walks.MovedAsync(stop) is { } moved)
        {
            Coverage.Void($"slots of the {moved} moved while it was walked over");
            return false;
        }

        if (valid)
        {
            (LastPass, ByType) = (pass, _types);
            _ = Interlocked.Exchange(ref _comparedBefore, before);
        }

        return valid;

        async ValueTask WalkAllAsync(bool fromSource)
        {
            foreach (var pair in pairs)
            {
                valid = valid && await TryWalkAsync(keeper, pair, fromSource, epoch, stop);
            }
        }
    }

    private async ValueTask<bool> TryWalkAsync(SessionKeeper keeper, DatabasePair pair, bool fromSource, int epoch, CancellationToken stop)
    {
        using var suspects = new SuspectQueue();
        using var walk = new PageWalk(_ignoredPrefix, _options.NamesOf(pair), suspects.Keys);
        using var voided = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var before = Walked;
        try
        {
            await keeper.RunAsync(
                async session =>
                {
                    await session.Link.SelectAsync(pair, stop);
                    if (!walk.IsOver)
                    {
                        var (side, look) = fromSource ? (session.Link.Source, session.Values) : (session.Link.Target, session.Existence);
                        _walkRests.Begin();
                        await walk.RunAsync(side, session.Link, look, () => PageComparedAsync(session), voided.Token);
                    }

                    await LookCloserAsync(session, least: 1);
                },
                stop
            );
        }
        catch (OperationCanceledException) when (Coverage.Epoch != epoch && !stop.IsCancellationRequested)
        {
            return false;
        }

        return Coverage.Epoch == epoch;

        async ValueTask PageComparedAsync(VerifySession session)
        {
            keeper.GotOn();
            await LookCloserAsync(session, CloserLook.BatchSize);
            _ = Interlocked.Exchange(ref _walked, before + walk.Keys);
            if (Coverage.Epoch != epoch)
            {
                voided.Cancel();
                voided.Token.ThrowIfCancellationRequested();
            }

            await session.Link.RestAsync(stop);
        }

        ValueTask LookCloserAsync(VerifySession session, int least) =>
            suspects.LookCloserAsync(
                session.Closer,
                least,
                fromSource ? SawType : null,
                (keys, seen) => Note(keys, seen, pair.Source, fromSource),
                stop
            );
    }

    private void SawType(string type) => _types[type] = _types.GetValueOrDefault(type) + 1;

    /// <summary>What the walk does not find equal is compared again with the next round, when what was on its way has arrived.</summary>
    private void Note(KeyBatch keys, IReadOnlyList<Observation?> seen, int database, bool fromSource)
    {
        var unequal = new List<KeyId>();
        for (var i = 0; i < keys.Count; i++)
        {
            // A key that the target alone has, and nobody has seen the source have, is none of the run's business unless it owns them all.
            if (seen[i] is { } observation && (fromSource || _options.TargetKeysOwned || observation.Kind != DifferenceKind.Surplus))
            {
                unequal.Add(new KeyId(database, new KeyName(keys[i].ToArray())));
            }
        }

        Coverage.Add(unequal);
    }
}
