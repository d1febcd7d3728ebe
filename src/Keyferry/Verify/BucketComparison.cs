using System.Text;

namespace Keyferry.Verify;

/// <summary>The first part of a rescan where both servers run scripts: which keys need to be looked at one by one, found without moving names or values.</summary>
/// <remarks>
/// <para><b>Promises.</b> Every key that was not changed during the comparison, and differs, is in the set; that a bucket with such a key counts as equal has a chance of
/// about 2^-48 (ADR 0004). It decides what a rescan looks at, never what a verify says.</para>
/// <para>Keys that change meanwhile make their buckets unequal, which costs another look and nothing else.</para>
/// </remarks>
/// <param name="options">What is compared.</param>
/// <param name="pair">Which databases.</param>
internal sealed class BucketComparison(VerifyOptions options, DatabasePair pair)
{
    private readonly byte[] _ignoredPrefix = Encoding.UTF8.GetBytes(options.IgnoredPrefix);
    private Walks? _walks;
    private bool _refused;

    /// <summary>The keys to be looked at, once the comparison is over; <see langword="null"/> where the servers do not allow it, or where most keys differ.</summary>
    public BucketSet? Unequal { get; private set; }

    /// <summary>Walks over both sides at the same time; again after an interruption, it goes on where it was.</summary>
    public async ValueTask RunAsync(VerifyLink link, Action gotOn, CancellationToken stop)
    {
        if (_refused || !link.Source.ManyKeysPerCommand || !link.Target.ManyKeysPerCommand)
        {
            return;
        }

        var kind = KindFor(link);
        var onSource = await TryAsync(link.Source, kind, options.SourceIsFenced, stop);
        var onTarget = onSource is null ? null : await TryAsync(link.Target, kind, fenced: false, stop);
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
            && unequal.Count <= unequal.Capacity / 4
        )
        {
            Unequal = unequal;
        }
    }

    private Walks NewWalks(VerifyLink link)
    {
        var keys = Math.Max(
            link.Source.Identity.Keyspace.GetValueOrDefault(pair.Source),
            link.Target.Identity.Keyspace.GetValueOrDefault(pair.Target)
        );
        var bits = BucketSums.BitsFor(keys);
        var exact = link.Source.HasPExpireTime && link.Target.HasPExpireTime;
        var (source, target) = (new BucketSums(bits, exact), new BucketSums(bits, exact));
        return new Walks(
            source,
            target,
            new BucketWalk(source, _ignoredPrefix, link.Shift.Milliseconds),
            new BucketWalk(target, _ignoredPrefix, shift: 0)
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

    private ValueTask<ServerScript?> TryAsync(VerifySide side, DigestKind kind, bool fenced, CancellationToken stop) =>
        ServerScript.TryCreateAsync(side, DigestScript.Entries(kind, side.HasPExpireTime), fenced, stop, "0", 1L, _ignoredPrefix);

    private sealed record Walks(BucketSums SourceSums, BucketSums TargetSums, BucketWalk Source, BucketWalk Target);
}
