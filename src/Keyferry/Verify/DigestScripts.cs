using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>The script as it is called on both sides.</summary>
/// <param name="Source">On the source.</param>
/// <param name="Target">On the target.</param>
internal sealed record DigestScripts(ServerScript Source, ServerScript Target)
{
    /// <summary>Questions about keys of the target by name.</summary>
    public TargetQuestions OnTarget { get; } = new(Target);

    /// <summary>Whether the keys of a page may be on several nodes of one side.</summary>
    public static bool AreSpread(VerifyLink link) => !link.Source.ManyKeysPerCommand || !link.Target.ManyKeysPerCommand;

    /// <summary>Small values have one encoding from Redis 7.0 (payload version 10) on, and another before.</summary>
    public static DigestKind KindFor(VerifyLink link)
    {
        const int listpacks = 10;
        var (source, target) = (link.Source.Identity, link.Target.Identity);
        if (source.PayloadVersion == target.PayloadVersion && (source.PayloadVersion != 0 || source.Version == target.Version))
        {
            return DigestKind.SamePayload;
        }

        return source.PayloadVersion >= listpacks && target.PayloadVersion >= listpacks ? DigestKind.SameEncodings : DigestKind.Elements;
    }

    /// <summary>Tries the script on both sides: with strings as MGET tells them where both allow that.</summary>
    /// <param name="link">Both sides.</param>
    /// <param name="options">What is compared.</param>
    /// <param name="movesTables">See <see cref="DigestScript.Text"/>.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns><see langword="null"/> where one of both does not allow it.</returns>
    /// <exception cref="IOException">A server is lost.</exception>
    public static async ValueTask<DigestScripts?> TryCreateAsync(
        VerifyLink link,
        VerifyOptions options,
        bool movesTables,
        CancellationToken stop
    )
    {
        var (kind, spread) = (KindFor(link), AreSpread(link));
        var sorted =
            await SortsByBytesAsync(link.Source, options.SourceIsFenced, stop) && await SortsByBytesAsync(link.Target, fenced: false, stop);
        foreach (var raw in (bool[])(!spread && link.Source.TellsSizes && link.Target.TellsSizes ? [true, false] : [false]))
        {
            var onSource = await TryAsync(link.Source, TextFor(link.Source), options.SourceIsFenced, stop);
            var onTarget = onSource is null ? null : await TryAsync(link.Target, TextFor(link.Target), fenced: false, stop);
            if (onSource is not null && onTarget is not null)
            {
                return new DigestScripts(onSource, onTarget);
            }

            string TextFor(VerifySide side) =>
                DigestScript.Text(kind, sorted, raw, side.HasPExpireTime, side.TellsSizes, movesTables, summed: spread);
        }

        return null;
    }

    private static async ValueTask<bool> SortsByBytesAsync(VerifySide side, bool fenced, CancellationToken stop) =>
        (side.HasReadOnlyScripts || !fenced)
        && await side.Looks.TryCallAsync(stop, side.HasReadOnlyScripts ? "EVAL_RO" : "EVAL", DigestScript.SortsByBytes, 0) is var reply
        && reply.Type == RespType.Integer
        && reply.Integer == 1;

    private static ValueTask<ServerScript?> TryAsync(VerifySide side, string text, bool fenced, CancellationToken stop) =>
        ServerScript.TryCreateAsync(side, text, fenced, stop, "", PackedNames.Pack([side.NoKey]), "", "", "");
}
