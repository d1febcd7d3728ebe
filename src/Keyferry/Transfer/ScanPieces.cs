using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>A set or a hash: pages of SSCAN or HSCAN. What they return twice is written twice, which changes nothing.</summary>
/// <param name="key">Its key.</param>
/// <param name="size">How large it is.</param>
/// <param name="isHash">Whether it is a hash.</param>
/// <param name="terms">How large a piece may be.</param>
internal class ScanPieces(ReadOnlyMemory<byte> key, ValueSize size, bool isHash, TransferSettings terms) : Pieces
{
    private readonly PageSizer _sizer = new(size, MostElements, terms.Piece, terms.Slice);
    private byte[] _cursor = "0"u8.ToArray();

    /// <inheritdoc/>
    public override void Ask(RespConnection source) => source.Write(isHash ? "HSCAN" : "SSCAN", key, _cursor, "COUNT", _sizer.Size);

    /// <inheritdoc/>
    public override bool Advance(ReadOnlySpan<byte> frame, TimeSpan busy)
    {
        var reader = new RespReader(frame);
        _ = reader.RequireAggregate();
        reader.Require();
        _cursor = reader.Bytes.ToArray();
        _sizer.Saw(frame.Length, busy);
        return _cursor is not [(byte)'0'];
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> frame, PieceTarget target)
    {
        var reader = new RespReader(frame);
        _ = reader.RequireAggregate();
        reader.Require();
        var words = reader.RequireAggregate();
        if (words == 0)
        {
            return;
        }

        target.Output.Command(2 + words);
        target.Output.Bulk(isHash ? "HSET"u8 : "SADD"u8);
        target.Output.Bulk(target.Temporary);
        for (var i = 0; i < words; i++)
        {
            reader.Require();
            target.Output.Bulk(reader.Bytes);
            Saw(i, reader.Bytes);
        }

        target.Sent(isHash ? "HSET" : "SADD");
    }

    /// <summary>Told every word that is written: members, or fields and values by turns.</summary>
    protected virtual void Saw(int index, ReadOnlySpan<byte> word) { }
}
