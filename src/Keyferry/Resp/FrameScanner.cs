using System.Buffers.Text;

namespace Keyferry.Resp;

/// <summary>Finds where one whole RESP value ends, over a buffer that grows by bits.</summary>
/// <remarks>
/// It keeps its place between calls, so a reply that arrives in a thousand pieces is walked once. Aggregates need no stack: all that matters is how
/// many values are still to come before the outermost one is whole.
/// </remarks>
internal struct FrameScanner
{
    private int _position;
    private long _pending;

    /// <summary>Starts over at <paramref name="start"/>, the first byte of the next value.</summary>
    public void Begin(int start)
    {
        _position = start;
        _pending = 1;
    }

    /// <summary>Moves the remembered place when the bytes before the value were discarded from the buffer.</summary>
    public void Shift(int by) => _position -= by;

    /// <summary>Looks for the end of the value in <paramref name="buffer"/>, whose first byte is at position 0.</summary>
    /// <param name="buffer">All bytes received so far.</param>
    /// <param name="end">The position after the value's last byte, when whole.</param>
    /// <param name="needed">How long the buffer must be at least before another call is of use, when not whole.</param>
    /// <returns>Whether the value is whole.</returns>
    /// <exception cref="RespProtocolException">The bytes are not RESP.</exception>
    public bool TryFindEnd(ReadOnlySpan<byte> buffer, out int end, out int needed)
    {
        while (_pending > 0)
        {
            if (!TryPassToken(buffer, out needed))
            {
                end = 0;
                return false;
            }
        }

        end = _position;
        needed = 0;
        return true;
    }

    private bool TryPassToken(ReadOnlySpan<byte> buffer, out int needed)
    {
        needed = buffer.Length + 1;
        var rest = buffer[_position..];
        var newline = rest.IndexOf((byte)'\n');
        if (newline < 0)
        {
            return false;
        }

        if (newline < 2 || rest[newline - 1] != '\r')
        {
            throw new RespProtocolException($"a reply line is not ended as RESP requires (first byte 0x{rest[0]:x2})");
        }

        var line = rest[1..(newline - 1)];
        switch ((RespType)rest[0])
        {
            case RespType.BulkString or RespType.VerbatimString or RespType.BulkError:
                return TryPassBulk(rest.Length, newline + 1, Length(line), out needed);
            case RespType.Array or RespType.Set or RespType.Push:
                PassToken(newline + 1, Math.Max(0, Length(line)) - 1);
                return true;
            case RespType.Map:
                PassToken(newline + 1, (2 * Length(line)) - 1);
                return true;
            case RespType.Attribute:
                PassToken(newline + 1, 2 * Length(line));
                return true;
            case RespType.SimpleString
            or RespType.Error
            or RespType.Integer
            or RespType.Null
            or RespType.Double
            or RespType.Boolean
            or RespType.BigNumber:
                PassToken(newline + 1, -1);
                return true;
            default:
                throw new RespProtocolException($"a reply starts with 0x{rest[0]:x2}, which no RESP type does");
        }
    }

    private bool TryPassBulk(int available, int header, long length, out int needed)
    {
        needed = 0;
        if (length < 0)
        {
            PassToken(header, -1);
            return true;
        }

        var whole = header + length + 2;
        if (available < whole)
        {
            needed =
                whole <= Array.MaxLength - _position
                    ? _position + (int)whole
                    : throw new RespProtocolException("a reply is larger than two gigabytes, which no reply to what was asked should be");
            return false;
        }

        PassToken((int)whole, -1);
        return true;
    }

    private void PassToken(int bytes, long more)
    {
        _position += bytes;
        _pending += more;
    }

    internal static long Length(ReadOnlySpan<byte> line)
    {
        if (!Utf8Parser.TryParse(line, out long length, out var used) || used != line.Length || length < -1 || length > int.MaxValue - 64)
        {
            throw new RespProtocolException("a reply has a length that is no number in range");
        }

        return length;
    }
}
