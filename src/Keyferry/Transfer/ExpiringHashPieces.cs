using Keyferry.Payloads;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>A hash of a server on which fields may expire: each page of fields is followed by their expiries.</summary>
/// <param name="key">Its key.</param>
/// <param name="size">How large it is.</param>
/// <param name="settings">How values are moved in this run.</param>
internal sealed class ExpiringHashPieces(ReadOnlyMemory<byte> key, ValueSize size, TransferSettings settings)
    : ScanPieces(key, size, isHash: true, settings)
{
    private readonly ReadOnlyMemory<byte> _key = key;
    private readonly PayloadFormat _format = settings.TargetFormat;
    private readonly long _shift = (long)settings.ExpiryShift.TotalMilliseconds;
    private readonly List<byte[]> _fields = [];

    /// <inheritdoc/>
    public override bool AsksMore => true;

    /// <inheritdoc/>
    public override bool AskMore(RespConnection source)
    {
        if (_fields.Count == 0)
        {
            return false;
        }

        source.Output.Command(4 + _fields.Count);
        source.Output.Bulk("HPEXPIRETIME"u8);
        source.Output.Bulk(_key.Span);
        source.Output.Bulk("FIELDS"u8);
        source.Output.Bulk(_fields.Count);
        _fields.ForEach(field => source.Output.Bulk(field));
        return true;
    }

    /// <inheritdoc/>
    /// <exception cref="PieceRefusedException">The target has no expiries of fields.</exception>
    public override void WriteMore(ReadOnlySpan<byte> frame, PieceTarget target)
    {
        WireCommands.ExpectOk(frame, "HPEXPIRETIME");
        var reader = new RespReader(frame);
        var count = reader.RequireAggregate();
        for (var i = 0; i < count && i < _fields.Count; i++)
        {
            reader.Require();
            if (reader.Integer < 0)
            {
                continue;
            }

            if (_format is { HashWithExpiries: null, Version: > 0 })
            {
                throw new PieceRefusedException(FittedPayload.FieldExpiry);
            }

            target.Output.Command(6);
            target.Output.Bulk("HPEXPIREAT"u8);
            target.Output.Bulk(target.Temporary);
            target.Output.Bulk(reader.Integer + _shift);
            target.Output.Bulk("FIELDS"u8);
            target.Output.Bulk(1);
            target.Output.Bulk(_fields[i]);
            target.Sent("HPEXPIREAT");
        }

        _fields.Clear();
    }

    /// <inheritdoc/>
    protected override void Saw(int index, ReadOnlySpan<byte> word)
    {
        if (index % 2 == 0)
        {
            _fields.Add(word.ToArray());
        }
    }
}
