using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>Asks the source of keys, before their values are read, how large they are and whether they belong to the run.</summary>
/// <param name="kinds">What belongs to the run.</param>
/// <param name="sizes">Whether sizes are asked for although nothing of that depends on them.</param>
/// <param name="hasPExpireTime">Whether the source tells absolute expiries. Where it does, no other command is needed for the time left.</param>
/// <param name="types">Whether types are asked for although nothing of that depends on them.</param>
internal sealed class KindQuestions(KeyKinds kinds, bool sizes, bool hasPExpireTime, bool types = false)
{
    private readonly bool _sizes = sizes || kinds.AskSizes;
    private readonly bool _types = types || kinds.Types is not null;
    private readonly bool _expiries = kinds.Expiring is not null;

    /// <summary>Whether there is nothing to ask.</summary>
    public bool AreNone => !_sizes && !_types && !_expiries;

    /// <summary>Writes the questions about one key.</summary>
    public void Ask(RespOutput output, ReadOnlySpan<byte> key)
    {
        if (_sizes)
        {
            MemoryQuestion.Ask(output, key);
        }

        if (_types)
        {
            output.Raw("*2\r\n$4\r\nTYPE\r\n"u8);
            output.Bulk(key);
        }

        if (_expiries)
        {
            output.Raw(hasPExpireTime ? "*2\r\n$11\r\nPEXPIRETIME\r\n"u8 : "*2\r\n$4\r\nPTTL\r\n"u8);
            output.Bulk(key);
        }
    }

    /// <summary>Reads the answers about the key that was asked about first.</summary>
    /// <param name="connection">The source.</param>
    /// <param name="check">Throws if an answer is an error; told the command as well.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask<KindAnswer> ReadAsync(
        RespConnection connection,
        Action<ReadOnlyMemory<byte>, string> check,
        CancellationToken stop
    )
    {
        var (bytes, belongs, isStream, isGone) = (0L, true, false, false);
        if (_sizes)
        {
            var frame = await connection.ReadAsync(stop);
            check(frame, MemoryQuestion.Command);
            bytes = MemoryQuestion.Bytes(frame.Span);
            belongs = bytes < 0 || kinds.CoverSize(bytes);
        }

        if (_types)
        {
            var frame = await connection.ReadAsync(stop);
            check(frame, "TYPE");
            (belongs, isStream, isGone) = (belongs && Covers(frame.Span), Is(frame.Span, "stream"u8), Is(frame.Span, "none"u8));
        }

        if (_expiries)
        {
            var frame = await connection.ReadAsync(stop);
            check(frame, hasPExpireTime ? "PEXPIRETIME" : "PTTL");
            var expiry = Integer(frame.Span);
            belongs &= expiry == -2 || kinds.CoverExpiry(expiry >= 0);
        }

        return new KindAnswer(bytes, belongs, isStream, isGone);
    }

    private static long Integer(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return reader.Integer;
    }

    private static bool Is(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> type)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return reader.Bytes.SequenceEqual(type);
    }

    private bool Covers(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return reader.Bytes.SequenceEqual("none"u8) || kinds.CoverType(reader.Bytes);
    }
}

/// <summary>What a source says of a key before its value is read.</summary>
/// <param name="Bytes">Its size in bytes of memory, 0 where that was not asked for.</param>
/// <param name="Belongs">Whether it belongs to the run. One that is not there does: its absence is a value.</param>
/// <param name="IsStream">Whether it is a stream; <see langword="false"/> where types were not asked for.</param>
/// <param name="IsGone">Whether it is not there; <see langword="false"/> where types were not asked for.</param>
internal readonly record struct KindAnswer(long Bytes, bool Belongs, bool IsStream, bool IsGone);
