namespace Keyferry.Payloads;

/// <summary>Makes of the source's payloads what the target reads, the cheapest way that each allows: as it is; with another version in its footer; written anew in an encoding that
/// the target knows.</summary>
/// <remarks>
/// <para>A type byte that the target does not know is never sent to it: servers before 6.2 end at once where they find a module's value that they cannot load.</para>
/// <para>One lane owns one; not thread-safe.</para>
/// </remarks>
/// <param name="source">What the source writes.</param>
/// <param name="target">What the target reads.</param>
/// <param name="shift">Milliseconds that are added to the source's absolute times to give the target's.</param>
internal sealed class PayloadFitter(PayloadFormat source, PayloadFormat target, long shift) : IDisposable
{
    private readonly ValueRewriter _rewriter = new(target, shift);
    private readonly PayloadWriter _string = new();
    private readonly byte[] _footer = new byte[PayloadFooter.Length];

    /// <summary>Whether every payload passes as it is, so that none needs to be looked into.</summary>
    private readonly bool _alike =
        source.Version == target.Version
        && target.Version > PayloadFormat.Redis62
        && source.Modules.IsSubsetOf(target.Modules)
        && shift == 0;

    /// <summary>Makes one payload fit.</summary>
    /// <param name="payload">As DUMP gave it.</param>
    /// <returns>What to send to the target; valid until the next call.</returns>
    public FittedPayload Fit(ReadOnlySpan<byte> payload)
    {
        if (_alike || payload.Length <= PayloadFooter.Length)
        {
            return FittedPayload.Of(payload);
        }

        var type = (PayloadType)payload[0];
        var version = PayloadFooter.VersionOf(payload);
        try
        {
            return type switch
            {
                PayloadType.OldModule or PayloadType.Module => FitModule(payload, version),
                _ when !target.Knows(type) || (shift != 0 && HasTimes(type)) => Rewrite(payload),
                _ when target.Reads(version) => FittedPayload.Of(payload),
                _ => WithVersion(payload),
            };
        }
        catch (PayloadException)
        {
            return FittedPayload.Unreadable;
        }
    }

    /// <summary>Makes a payload of a string that was not read by DUMP.</summary>
    /// <param name="value">Its bytes.</param>
    /// <returns>What to send to the target; valid until the next call.</returns>
    /// <remarks>Of the oldest version, since a string is written alike in all of them, and read by every server.</remarks>
    public FittedPayload FitString(ReadOnlySpan<byte> value)
    {
        _string.Begin(PayloadType.Text);
        _string.Text(value);
        PayloadFooter.Write(_string.Written, PayloadFormat.Redis62, _footer);
        return new FittedPayload(PayloadFit.Fits, _string.Written, _footer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rewriter.Dispose();
        _string.Dispose();
    }

    private static bool HasTimes(PayloadType type) =>
        type is PayloadType.HashWithExpiries or PayloadType.HashListpackWithExpiries or PayloadType.ValkeyHashWithExpiries;

    private FittedPayload FitModule(ReadOnlySpan<byte> payload, int version)
    {
        var reader = new PayloadReader(payload[1..]);
        var type = ModuleName.TypeOf(reader.Length());
        if (!ModuleName.IsShared(type, source, target))
        {
            return FittedPayload.Impossible($"the target does not have the module of its type ({type})");
        }

        return target.Reads(version)
            ? FittedPayload.Of(payload)
            : FittedPayload.Impossible($"the target does not read values of modules ({type}) of the source's version");
    }

    private FittedPayload Rewrite(ReadOnlySpan<byte> payload)
    {
        var body = _rewriter.Rewrite(payload[..^PayloadFooter.Length]);
        if (body.IsEmpty)
        {
            return FittedPayload.Impossible(FittedPayload.FieldExpiry);
        }

        PayloadFooter.Write(body, target.Version, _footer);
        return new FittedPayload(PayloadFit.Fits, body, _footer);
    }

    private FittedPayload WithVersion(ReadOnlySpan<byte> payload)
    {
        PayloadFooter.WriteWithVersion(payload, target.Version, _footer);
        return new FittedPayload(PayloadFit.Fits, payload[..^PayloadFooter.Length], _footer);
    }
}

/// <summary>What becomes of a payload.</summary>
internal enum PayloadFit
{
    /// <summary>It is sent.</summary>
    Fits,

    /// <summary>It cannot be made out here: its key must be moved by commands.</summary>
    NeedsCommands,

    /// <summary>The target cannot hold such a value.</summary>
    Impossible,
}

/// <summary>A payload for the target, in two parts that follow each other.</summary>
/// <param name="fit">What becomes of it.</param>
/// <param name="body">The value.</param>
/// <param name="footer">Version and checksum; empty where the body has them.</param>
/// <param name="reason">Why the target cannot hold it, else empty.</param>
internal readonly ref struct FittedPayload(PayloadFit fit, ReadOnlySpan<byte> body, ReadOnlySpan<byte> footer, string reason = "")
{
    /// <summary>Why a target without field expiries does not take a hash that has them.</summary>
    public const string FieldExpiry = "the target has no expiries of hash fields";

    /// <summary>What becomes of it.</summary>
    public PayloadFit Fit { get; } = fit;

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Body { get; } = body;

    /// <summary>Version and checksum; empty where the body has them.</summary>
    public ReadOnlySpan<byte> Footer { get; } = footer;

    /// <summary>Why the target cannot hold it, else empty.</summary>
    public string Reason { get; } = reason;

    /// <summary>It cannot be made out here.</summary>
    public static FittedPayload Unreadable => new(PayloadFit.NeedsCommands, default, default);

    /// <summary>As it is.</summary>
    public static FittedPayload Of(ReadOnlySpan<byte> payload) => new(PayloadFit.Fits, payload, default);

    /// <summary>The target cannot hold it.</summary>
    public static FittedPayload Impossible(string reason) => new(PayloadFit.Impossible, default, default, reason);
}
