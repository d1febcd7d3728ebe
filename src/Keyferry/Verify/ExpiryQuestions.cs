using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>Asks one side when keys expire, in absolute milliseconds of that server's clock, whatever its version.</summary>
/// <remarks>Where only the time left can be had, the server's clock is asked right before, in the same breath.</remarks>
internal static class ExpiryQuestions
{
    /// <summary>Writes the questions for all of <paramref name="keys"/>.</summary>
    public static void Ask(VerifySide side, RespOutput output, KeyBatch keys)
    {
        if (!side.HasPExpireTime)
        {
            output.Raw("*1\r\n$4\r\nTIME\r\n"u8);
        }

        for (var i = 0; i < keys.Count; i++)
        {
            output.Raw(side.HasPExpireTime ? "*2\r\n$11\r\nPEXPIRETIME\r\n"u8 : "*2\r\n$4\r\nPTTL\r\n"u8);
            output.Bulk(keys[i]);
        }
    }

    /// <summary>Reads the answers; see <see cref="ExpiryRule"/> for what they mean.</summary>
    public static async ValueTask ReadAsync(VerifySide side, RespConnection connection, Memory<long> expiries, CancellationToken stop)
    {
        var now = 0L;
        if (!side.HasPExpireTime)
        {
            var frame = await connection.ReadAsync(stop);
            side.Check(frame, "TIME");
            now = Milliseconds(frame.Span);
        }

        for (var i = 0; i < expiries.Length; i++)
        {
            var frame = await connection.ReadAsync(stop);
            side.Check(frame, side.HasPExpireTime ? "PEXPIRETIME" : "PTTL");
            var expiry = Integer(frame.Span);
            expiries.Span[i] = expiry < 0 ? expiry : now + expiry;
        }
    }

    private static long Integer(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return reader.Integer;
    }

    private static long Milliseconds(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        _ = reader.RequireAggregate();
        reader.Require();
        var seconds = reader.Integer;
        reader.Require();
        return (seconds * 1000) + (reader.Integer / 1000);
    }
}
