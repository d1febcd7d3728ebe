using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>A string: a part after the other.</summary>
/// <param name="key">Its key.</param>
/// <param name="length">Its bytes.</param>
/// <param name="piece">Bytes of a piece.</param>
internal sealed class StringPieces(ReadOnlyMemory<byte> key, long length, int piece) : Pieces
{
    private long _next;
    private long _written;

    /// <inheritdoc/>
    public override void Ask(RespConnection source)
    {
        source.Write("GETRANGE", key, _next, _next + piece - 1);
        _next += piece;
    }

    /// <inheritdoc/>
    public override bool Advance(ReadOnlySpan<byte> frame, TimeSpan busy) => _next < length;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> frame, PieceTarget target)
    {
        var reader = new RespReader(frame);
        reader.Require();
        if (_written == 0 && length > piece)
        {
            // The last byte first: the target makes room once, instead of growing and copying at every piece.
            Set(target, length - 1, "\0"u8);
        }

        Set(target, _written, reader.Bytes);
        _written += piece;
    }

    private static void Set(PieceTarget target, long offset, ReadOnlySpan<byte> bytes)
    {
        target.Output.Command(4);
        target.Output.Bulk("SETRANGE"u8);
        target.Output.Bulk(target.Temporary);
        target.Output.Bulk(offset);
        target.Output.Bulk(bytes);
        target.Sent("SETRANGE");
    }
}
