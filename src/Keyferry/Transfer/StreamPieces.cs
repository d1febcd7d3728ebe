using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>The entries of a stream, in their order.</summary>
/// <remarks>An entry that was deleted while it was pending is still pending. It cannot be made pending on the target while it does not exist there, so a placeholder stands for
/// it, which is deleted once the groups are there.</remarks>
/// <param name="key">Its key.</param>
/// <param name="size">How large it is.</param>
/// <param name="pending">The ids of all pending entries, in order.</param>
/// <param name="terms">How large a piece may be.</param>
internal sealed class StreamPieces(ReadOnlyMemory<byte> key, ValueSize size, IReadOnlyList<StreamId> pending, TransferSettings terms)
    : Pieces
{
    private readonly PageSizer _sizer = new(size, MostElements, terms.Piece, terms.Slice);
    private StreamId? _next = default(StreamId);
    private int _seenPending;

    /// <summary>Placeholders that were written.</summary>
    public List<StreamId> Placeholders { get; } = [];

    /// <inheritdoc/>
    public override void Ask(RespConnection source) =>
        source.Write("XRANGE", key, _next.GetValueOrDefault().Bytes, "+", "COUNT", _sizer.Size);

    /// <inheritdoc/>
    public override bool Advance(ReadOnlySpan<byte> frame, TimeSpan busy)
    {
        var reader = new RespReader(frame);
        var entries = reader.RequireAggregate();
        _sizer.Saw(frame.Length, busy);
        _next = null;
        for (var left = entries; left > 0; left--)
        {
            _ = reader.RequireAggregate();
            reader.Require();
            _next = left == 1 ? StreamId.Parse(reader.Bytes).Next : null;
            reader.Require();
            reader.Skip();
        }

        return _next is not null;
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> frame, PieceTarget target)
    {
        var reader = new RespReader(frame);
        var entries = reader.RequireAggregate();
        for (var left = entries; left > 0; left--)
        {
            _ = reader.RequireAggregate();
            reader.Require();
            var text = reader.Bytes;
            var id = StreamId.Parse(text);
            WritePlaceholders(id, target);
            var words = reader.RequireAggregate();
            target.Output.Command(3 + words);
            target.Output.Bulk("XADD"u8);
            target.Output.Bulk(target.Temporary);
            target.Output.Bulk(text);
            for (; words > 0; words--)
            {
                reader.Require();
                target.Output.Bulk(reader.Bytes);
            }

            target.Sent("XADD");
        }

        if (entries == 0)
        {
            WritePlaceholders(null, target);
        }
    }

    /// <summary>Writes placeholders for pending entries before <paramref name="id"/>, or for all that are left.</summary>
    private void WritePlaceholders(StreamId? id, PieceTarget target)
    {
        for (; _seenPending < pending.Count && (id is not { } next || StreamId.Compare(pending[_seenPending], next) <= 0); _seenPending++)
        {
            if (pending[_seenPending] == id)
            {
                continue;
            }

            Placeholders.Add(pending[_seenPending]);
            target.Output.Command(5);
            target.Output.Bulk("XADD"u8);
            target.Output.Bulk(target.Temporary);
            target.Output.Bulk(pending[_seenPending].Bytes);
            target.Output.Bulk("deleted"u8);
            target.Output.Bulk(""u8);
            target.Sent("XADD");
        }
    }
}
