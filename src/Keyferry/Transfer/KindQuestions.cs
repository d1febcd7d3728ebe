using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>Asks the source of keys, before their values are read, how large they are and whether they belong to the run.</summary>
/// <param name="kinds">What belongs to the run.</param>
/// <param name="sizes">Whether sizes are asked for although nothing of that depends on them.</param>
/// <param name="hasPExpireTime">Whether the source tells absolute expiries. Where it does, no other command is needed for the time left.</param>
internal sealed class KindQuestions(KeyKinds kinds, bool sizes, bool hasPExpireTime)
{
    private readonly bool _sizes = sizes || kinds.AskSizes;
    private readonly bool _types = kinds.Types is not null;
    private readonly bool _expiries = kinds.Expiring is not null;

    /// <summary>Whether there is nothing to ask.</summary>
    public bool AreNone => !_sizes && !_types && !_expiries;

    /// <summary>Writes the questions about one key.</summary>
    public void Ask(RespOutput output, ReadOnlySpan<byte> key)
    {
        if (_sizes)
        {
            output.Raw("*3\r\n$6\r\nMEMORY\r\n$5\r\nUSAGE\r\n"u8);
            output.Bulk(key);
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
    /// <returns>Its size in bytes of memory, 0 where that was not asked for; and whether it belongs to the run. One that is not there does: its absence is a value.</returns>
    public async ValueTask<(long Bytes, bool Belongs)> ReadAsync(
        RespConnection connection,
        Action<ReadOnlyMemory<byte>, string> check,
        CancellationToken stop
    )
    {
        var (bytes, belongs) = (0L, true);
        if (_sizes)
        {
            var frame = await connection.ReadAsync(stop);
            check(frame, "MEMORY USAGE");
            bytes = SizeIn(frame.Span);
            belongs = bytes < 0 || kinds.CoverSize(bytes);
        }

        if (_types)
        {
            var frame = await connection.ReadAsync(stop);
            check(frame, "TYPE");
            belongs &= Covers(frame.Span);
        }

        if (_expiries)
        {
            var frame = await connection.ReadAsync(stop);
            check(frame, hasPExpireTime ? "PEXPIRETIME" : "PTTL");
            var expiry = Integer(frame.Span);
            belongs &= expiry == -2 || kinds.CoverExpiry(expiry >= 0);
        }

        return (bytes, belongs);
    }

    private static long SizeIn(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return reader.IsNull ? -1 : reader.Integer;
    }

    private static long Integer(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return reader.Integer;
    }

    private bool Covers(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return reader.Bytes.SequenceEqual("none"u8) || kinds.CoverType(reader.Bytes);
    }
}
