using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Keyferry.Resp;

/// <summary>Walks the tokens of one whole RESP value, outermost first. It copies nothing: what it yields points into the receive buffer.</summary>
/// <param name="frame">The bytes of exactly one value.</param>
/// <param name="position">Where to go on: a <see cref="Position"/> of an earlier reader of the same frame.</param>
internal ref struct RespReader(ReadOnlySpan<byte> frame, int position = 0)
{
    private readonly int _length = frame.Length;
    private ReadOnlySpan<byte> _rest = frame[position..];

    /// <summary>Where the next token begins, for a later reader of the same frame.</summary>
    public readonly int Position => _length - _rest.Length;

    /// <summary>The present token's type; <see cref="RespType.None"/> before the first <see cref="Read"/>.</summary>
    public RespType Type { get; private set; }

    /// <summary>The content of a scalar token. Empty for null and for aggregates.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>How many tokens of the first level follow an aggregate (a map's keys and values counted one by one); 0 for a scalar.</summary>
    public int Count { get; private set; }

    /// <summary>A null of any form: <c>_</c>, <c>$-1</c>, <c>*-1</c>.</summary>
    public bool IsNull { get; private set; }

    /// <summary>Whether the token is an error reply.</summary>
    public readonly bool IsError => Type is RespType.Error or RespType.BulkError;

    /// <summary>The token as an integer.</summary>
    /// <exception cref="RespProtocolException">It is none.</exception>
    public readonly long Integer =>
        Utf8Parser.TryParse(Bytes, out long value, out var used) && used == Bytes.Length
            ? value
            : throw new RespProtocolException($"a reply of type '{(char)Type}' is not the integer that belongs there");

    /// <summary>The token as UTF-8 text, for messages; not for keys and values, which need not be text.</summary>
    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Moves to the next token; attributes are passed over.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Read()
    {
        while (ReadToken())
        {
            if (Type != RespType.Attribute)
            {
                return true;
            }

            for (var skip = Count; skip > 0; skip--)
            {
                Require();
                Skip();
            }
        }

        return false;
    }

    /// <summary>Moves to the next token, which must be there.</summary>
    /// <exception cref="RespProtocolException">The value has ended.</exception>
    public void Require()
    {
        if (!Read())
        {
            throw new RespProtocolException("a reply has fewer elements than belong there");
        }
    }

    /// <summary>Moves to the next token, which must be an aggregate, and returns its <see cref="Count"/>.</summary>
    public int RequireAggregate()
    {
        Require();
        if (Type is not (RespType.Array or RespType.Set or RespType.Map or RespType.Push))
        {
            throw new RespProtocolException(
                string.Create(CultureInfo.InvariantCulture, $"a reply of type '{(char)Type}' stands where a list belongs")
            );
        }

        return Count;
    }

    /// <summary>Passes over what the present token holds, so that the next <see cref="Read"/> is at its next sibling.</summary>
    public void Skip()
    {
        for (long pending = Count; pending > 0; pending--)
        {
            Require();
            pending += Count;
        }
    }

    private bool ReadToken()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        Type = (RespType)_rest[0];
        var end = _rest.IndexOf((byte)'\r');
        var line = _rest[1..end];
        _rest = _rest[(end + 2)..];
        Bytes = default;
        Count = 0;
        IsNull = false;
        switch (Type)
        {
            case RespType.BulkString or RespType.VerbatimString or RespType.BulkError:
                ReadBulk((int)FrameScanner.Length(line));
                break;
            case RespType.Array or RespType.Set or RespType.Push:
                var count = (int)FrameScanner.Length(line);
                IsNull = count < 0;
                Count = Math.Max(0, count);
                break;
            case RespType.Map or RespType.Attribute:
                Count = 2 * (int)FrameScanner.Length(line);
                break;
            case RespType.Null:
                IsNull = true;
                break;
            default:
                Bytes = line;
                break;
        }

        return true;
    }

    private void ReadBulk(int length)
    {
        if (length < 0)
        {
            IsNull = true;
            return;
        }

        Bytes = _rest[..length];
        _rest = _rest[(length + 2)..];
        if (Type == RespType.VerbatimString && length >= 4)
        {
            Bytes = Bytes[4..];
        }
    }
}
