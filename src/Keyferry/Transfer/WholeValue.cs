using System.Globalization;
using Keyferry.Payloads;
using Keyferry.Resp;
using Keyferry.Throttle;

namespace Keyferry.Transfer;

/// <summary>Moves one value whole, by DUMP and RESTORE: those of modules, of which no command reads a part.</summary>
/// <remarks>
/// <para>Other keys go on meanwhile, but the source answers nobody while it dumps the value, nor the target while it restores it. Takes memory for the payload twice: as it came, and
/// as it goes.</para>
/// <para><b>Concurrency.</b> One task.</para>
/// </remarks>
internal sealed class WholeValue(RespConnection source, PieceTarget target, TransferSettings settings, SourcePace pace) : IDisposable
{
    private readonly PayloadFitter _fitter = new(
        settings.SourceFormat,
        settings.TargetFormat,
        (long)settings.ExpiryShift.TotalMilliseconds
    );

    /// <summary>Moves the value.</summary>
    /// <param name="key">The source's key.</param>
    /// <param name="type">What the source calls its type.</param>
    /// <param name="expiresAt">Milliseconds since 1970 by the source's clock, or -1.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Whether the source still had it.</returns>
    /// <exception cref="PieceRefusedException">The target cannot hold it.</exception>
    /// <exception cref="ServerErrorException">A server refused a command for a reason that is not the key's.</exception>
    /// <exception cref="IOException">A server is lost.</exception>
    public async ValueTask<bool> MoveAsync(ReadOnlyMemory<byte> key, string type, long expiresAt, CancellationToken stop)
    {
        source.Write("DUMP", key);
        await source.FlushAsync(stop);
        var frame = await source.ReadAsync(stop);
        pace.Received(frame.Length);
        WireCommands.ExpectOk(frame.Span, "DUMP");
        if (!Write(frame.Span, type, settings.ExpiryOnTarget(expiresAt)))
        {
            return false;
        }

        try
        {
            await target.SettleAsync(stop);
            return true;
        }
        catch (ServerErrorException refused) when (refused.Reply.StartsWith("ERR Bad data format", StringComparison.Ordinal))
        {
            throw new PieceRefusedException($"the target does not read the source's values of type {type}: {refused.Reply}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _fitter.Dispose();

    private bool Write(ReadOnlySpan<byte> frame, string type, long expiresAt)
    {
        var reader = new RespReader(frame);
        reader.Require();
        if (reader.IsNull)
        {
            return false;
        }

        if (reader.Bytes.Length > settings.LargestPayload)
        {
            throw new PieceRefusedException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"a value of type {type} moves in one command, and it has {reader.Bytes.Length} bytes where the target takes {settings.LargestPayload} (proto-max-bulk-len)"
                )
            );
        }

        var fitted = _fitter.Fit(reader.Bytes);
        if (fitted.Fit != PayloadFit.Fits)
        {
            throw new PieceRefusedException(fitted.Reason.Length > 0 ? fitted.Reason : $"values of type {type} cannot be read");
        }

        target.Restore(expiresAt, fitted);
        return true;
    }
}
