using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>A list or a sorted set: ranges by index, one after the other. The target gets a sorted set in its order, which is the order it takes most easily.</summary>
/// <param name="key">Its key.</param>
/// <param name="size">How large it is.</param>
/// <param name="scored">Whether it is a sorted set.</param>
/// <param name="terms">How large a piece may be.</param>
internal sealed class RangePieces(ReadOnlyMemory<byte> key, ValueSize size, bool scored, TransferSettings terms) : Pieces
{
    private readonly PageSizer _sizer = new(size, MostElements, terms.Piece, terms.Slice);
    private long _next;

    /// <inheritdoc/>
    public override void Ask(RespConnection source)
    {
        var last = _next + _sizer.Size - 1;
        if (scored)
        {
            source.Write("ZRANGE", key, _next, last, "WITHSCORES");
        }
        else
        {
            source.Write("LRANGE", key, _next, last);
        }

        _next = last + 1;
    }

    /// <inheritdoc/>
    public override bool Advance(ReadOnlySpan<byte> frame, TimeSpan busy)
    {
        _sizer.Saw(frame.Length, busy);
        return _next < size.Elements;
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> frame, PieceTarget target)
    {
        var reader = new RespReader(frame);
        var words = reader.RequireAggregate();
        if (words == 0)
        {
            return;
        }

        target.Output.Command(2 + words);
        target.Output.Bulk(scored ? "ZADD"u8 : "RPUSH"u8);
        target.Output.Bulk(target.Temporary);
        while (words > 0)
        {
            reader.Require();
            var element = reader.Bytes;
            if (scored)
            {
                reader.Require();
                target.Output.Bulk(reader.Bytes);
                words--;
            }

            target.Output.Bulk(element);
            words--;
        }

        target.Sent(scored ? "ZADD" : "RPUSH");
    }
}
