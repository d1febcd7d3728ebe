using System.Globalization;
using System.Text;

namespace Keyferry.Verify;

/// <summary>The comparison of one database where both servers run scripts: values stay where they are, and of equal keys only the names are moved.</summary>
/// <remarks>
/// <para>Of a cluster each node is walked over in its turn (<see cref="Begin"/>); the names of all walks are added up together.</para>
/// <para><b>Promises.</b> Once all walks are done, every key of the source that was there during the whole comparison was found equal, or is among the suspects; that different values count as equal has a
/// chance of about 2^-64 (ADR 0010). Every key of the target that was there during the whole comparison is also on the source, or in
/// <see cref="Surplus"/>.</para>
/// </remarks>
/// <param name="options">What is compared; nothing may be chosen (<see cref="VerifyOptions.ComparesSums"/>).</param>
/// <param name="pair">Which databases.</param>
/// <param name="suspects">Gets the keys that are not certainly equal.</param>
/// <param name="proving">
/// Whether it is to prove that keys are equal, as in a verify. Then nothing is compared between servers of different payload versions, whose digests
/// leave some of a value out, nor where an expiry is known but roughly, nor where a side is a cluster.
/// </param>
internal sealed class DigestComparison(VerifyOptions options, DatabasePair pair, KeyBatch suspects, bool proving)
{
    /// <summary>Of the buckets, so many may differ; where it is more, most keys of the target are looked up anyway.</summary>
    private const int MostUnequal = 4;

    /// <summary>Bytes of open names that are handed on: they are in memory until all databases are compared. Of more, the target is walked over again.</summary>
    private const int MostSurplusBytes = 2 << 20;

    private readonly byte[] _ignoredPrefix = Encoding.UTF8.GetBytes(options.IgnoredPrefix);
    private readonly KeptNames? _kept = proving || options.TargetKeysOwned ? new KeptNames(options.RoomForNames) : null;
    private (bool Source, bool Target) _sides = (true, true);
    private (NameSums OnSource, NameSums OnTarget)? _names;
    private DigestWalk? _walk;

    /// <summary>Seconds since 1970 by the source's clock: keys that it has not used since then are equal, where they are there. <see langword="null"/> to compare every
    /// key.</summary>
    public long? UsedSince { get; init; }

    /// <summary>About how many keys the database has; what one server says of itself where that is more.</summary>
    public long AboutKeys { get; init; }

    /// <summary>Why keys were compared although they had not been used; <see langword="null"/> where none was.</summary>
    public string? NotLeftOut { get; private set; }

    /// <summary>Whether the walk came to its end; if not, the servers do not allow it.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Once it is ended: the keys of the target that the source may not have; <see langword="null"/> for any of them.</summary>
    public NameBuckets? Surplus { get; private set; }

    /// <summary>Once it is ended: the names of those keys, where there are any; <see langword="null"/> where there was no room for the names of the target, or these are too
    /// many.</summary>
    public KeyBatch? SurplusNames { get; private set; }

    /// <summary>Keys of the source that have been passed.</summary>
    public long SourceKeys => _names?.OnSource.Keys ?? 0;

    /// <summary>Keys of the target that have been passed.</summary>
    public long TargetKeys => _names?.OnTarget.Keys ?? 0;

    /// <summary>Begins the next walk where there are several: over a node of each side, or over one of one side only.</summary>
    public void Begin(bool source, bool target) => (_sides, _walk) = ((source, target), null);

    /// <summary>Walks over both sides at the same time; again after an interruption, it goes on where it was.</summary>
    /// <param name="link">Both sides, turned to the databases.</param>
    /// <param name="compared">Called after each page.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="IOException">A server is lost.</exception>
    public async ValueTask RunAsync(VerifyLink link, Func<ValueTask> compared, CancellationToken stop)
    {
        (IsDone, NotLeftOut) = (false, null);
        var isSame = !DigestScripts.AreSpread(link) && DigestScripts.KindFor(link) == DigestKind.SamePayload;
        if (proving && !(isSame && link.Source.HasPExpireTime && link.Target.HasPExpireTime))
        {
            return;
        }

        var since = await SinceAsync(link.Source, stop);
        if (await DigestScripts.TryCreateAsync(link, options, movesTables: proving, stop) is not { } scripts)
        {
            NotLeftOut = UsedSince is null ? null : "scripts are refused";
            return;
        }

        var continues = _names is not null && _walk is null;
        var names = _names ??= NewNames(link);
        _walk ??= new DigestWalk(_ignoredPrefix, names.OnSource, names.OnTarget, suspects, plainNames: proving)
        {
            Sides = _sides,
            Continues = continues,
        };
        IsDone = await _walk.RunAsync(link, scripts, since, compared, stop);
    }

    /// <summary>Ends the comparison after its last walk: tells which keys of the target are still open, and forgets the names of all others.</summary>
    public void End()
    {
        if (IsDone && _names is { } names)
        {
            var unequal = names.OnTarget.UnequalTo(names.OnSource);
            Surplus = unequal.Count <= unequal.Capacity / MostUnequal ? unequal : null;
        }

        SurplusNames = Surplus is { Count: > 0 } surplus ? _kept?.In(surplus, MostSurplusBytes) : null;
        _kept?.Clear();
    }

    private (NameSums OnSource, NameSums OnTarget) NewNames(VerifyLink link)
    {
        var (source, target) = (
            link.Source.Identity.Keyspace.GetValueOrDefault(pair.Source),
            link.Target.Identity.Keyspace.GetValueOrDefault(pair.Target)
        );
        var bits = NameSums.BitsFor(Math.Max(AboutKeys, Math.Max(source, target)));
        return (new NameSums(bits), new NameSums(bits, _kept));
    }

    /// <returns>The second, as the script takes it; empty where every key is to be compared.</returns>
    private async ValueTask<string> SinceAsync(VerifySide source, CancellationToken stop)
    {
        if (UsedSince is not { } since)
        {
            return "";
        }

        if (!source.ManyKeysPerCommand)
        {
            NotLeftOut = "the source is a cluster";
            return "";
        }

        foreach (var about in (string[])["IDLETIME", "ENCODING"])
        {
            if ((await source.Looks.TryCallAsync(stop, "OBJECT", about, "keyferry:{verify}")).IsError)
            {
                NotLeftOut = $"OBJECT {about} is refused";
                return "";
            }
        }

        return since.ToString(CultureInfo.InvariantCulture);
    }
}
