using System.Text;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>The first part of a comparison where both servers run scripts: which keys need to be looked at one by one, found without moving names or values.</summary>
/// <remarks>
/// <para><b>Promises.</b> Every key that was not changed during the comparison, and differs, on whichever side, is in the set; that a bucket with such a key counts as
/// equal has a chance of about 2^-64 (ADR 0004).</para>
/// <para>Keys that change meanwhile make their buckets unequal, which costs another look and nothing else.</para>
/// </remarks>
/// <param name="options">What is compared.</param>
/// <param name="pair">Which databases.</param>
/// <param name="proving">
/// Whether equal sums are to prove that keys are equal, as in a verify. Then nothing is compared between servers of different payload versions, whose digests
/// leave some of a value out, nor where an expiry is known but roughly.
/// </param>
/// <param name="namesOnly">Whether only the names are compared: which keys only one side has.</param>
internal sealed class BucketComparison(VerifyOptions options, DatabasePair pair, bool proving = false, bool namesOnly = false)
{
    /// <summary>Of the buckets, so many may differ; where it is more, most keys would be looked at one by one anyway.</summary>
    private const int MostUnequal = 4;

    private readonly byte[] _ignoredPrefix = Encoding.UTF8.GetBytes(options.IgnoredPrefix);
    private Walks? _walks;
    private bool _refused;

    /// <summary>The keys to be looked at, once the comparison is over; <see langword="null"/> where the servers do not allow it, or where most keys differ.</summary>
    public BucketSet? Unequal { get; private set; }

    /// <summary>Keys of the source that have been added up.</summary>
    public long SourceKeys => _walks?.SourceSums.Keys ?? 0;

    /// <summary>Keys of the target that have been added up.</summary>
    public long TargetKeys => _walks?.TargetSums.Keys ?? 0;

    /// <summary>Walks over both sides at the same time; again after an interruption, it goes on where it was.</summary>
    public async ValueTask RunAsync(VerifyLink link, Action gotOn, CancellationToken stop)
    {
        var kind = namesOnly ? DigestKind.NamesOnly : KindFor(link);
        if (_refused || !IsWorthwhile(link) || (proving && (kind != DigestKind.SamePayload || !HasExactExpiries(link))))
        {
            return;
        }

        var sorted =
            !namesOnly
            && await SortsByBytesAsync(link.Source, options.SourceIsFenced, stop)
            && await SortsByBytesAsync(link.Target, fenced: false, stop);
        var onSource = await TryAsync(link.Source, kind, sorted, options.SourceIsFenced, stop);
        var onTarget = onSource is null ? null : await TryAsync(link.Target, kind, sorted, fenced: false, stop);
        if (onSource is null || onTarget is null)
        {
            return;
        }

        var walks = _walks ??= NewWalks(link);
        var source = walks.Source.RunAsync(link.Source, onSource, link.Pace, gotOn, stop).AsTask();
        var target = walks.Target.RunAsync(link.Target, onTarget, pace: null, gotOn, stop).AsTask();
        var done = await Task.WhenAll(source, target);
        _refused = done.Contains(false);
        if (
            !_refused
            && walks.SourceSums.UnequalTo(walks.TargetSums, link.Expiry.Tolerance) is { } unequal
            && unequal.Count <= unequal.Capacity / MostUnequal
        )
        {
            Unequal = unequal;
        }
    }

    private static bool HasExactExpiries(VerifyLink link) => link.Source.HasPExpireTime && link.Target.HasPExpireTime;

    /// <summary>Whether it may come to an end, and sort out most keys: each key that only one side has makes a bucket unequal.</summary>
    private bool IsWorthwhile(VerifyLink link)
    {
        var (source, target) = KeyCounts(link);
        return link.Source.ManyKeysPerCommand
            && link.Target.ManyKeysPerCommand
            && Math.Abs(source - target) <= (1L << BucketSums.BitsFor(Math.Max(source, target))) / MostUnequal;
    }

    private (long Source, long Target) KeyCounts(VerifyLink link) =>
        (link.Source.Identity.Keyspace.GetValueOrDefault(pair.Source), link.Target.Identity.Keyspace.GetValueOrDefault(pair.Target));

    private Walks NewWalks(VerifyLink link)
    {
        var (onSource, onTarget) = KeyCounts(link);
        var bits = BucketSums.BitsFor(Math.Max(onSource, onTarget));
        var exact = HasExactExpiries(link);
        var (source, target) = (new BucketSums(bits, exact), new BucketSums(bits, exact));
        return new Walks(
            source,
            target,
            new BucketWalk(source, _ignoredPrefix, link.Shift.Milliseconds, namesOnly),
            new BucketWalk(target, _ignoredPrefix, shift: 0, namesOnly)
        );
    }

    /// <summary>Small values have one encoding from Redis 7.0 (payload version 10) on, and another before.</summary>
    private static DigestKind KindFor(VerifyLink link)
    {
        const int listpacks = 10;
        var (source, target) = (link.Source.Identity, link.Target.Identity);
        if (source.PayloadVersion == target.PayloadVersion && (source.PayloadVersion != 0 || source.Version == target.Version))
        {
            return DigestKind.SamePayload;
        }

        return source.PayloadVersion >= listpacks && target.PayloadVersion >= listpacks ? DigestKind.SameEncodings : DigestKind.Elements;
    }

    private static async ValueTask<bool> SortsByBytesAsync(VerifySide side, bool fenced, CancellationToken stop) =>
        (side.HasReadOnlyScripts || !fenced)
        && await side.Pages.TryCallAsync(stop, side.HasReadOnlyScripts ? "EVAL_RO" : "EVAL", DigestScript.SortsByBytes, 0) is var reply
        && reply.Type == RespType.Integer
        && reply.Integer == 1;

    private ValueTask<ServerScript?> TryAsync(VerifySide side, DigestKind kind, bool sorted, bool fenced, CancellationToken stop) =>
        ServerScript.TryCreateAsync(side, DigestScript.Entries(kind, sorted, side), fenced, stop, "0", 1L, _ignoredPrefix);

    private sealed record Walks(BucketSums SourceSums, BucketSums TargetSums, BucketWalk Source, BucketWalk Target);
}
