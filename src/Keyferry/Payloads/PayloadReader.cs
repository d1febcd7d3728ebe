using System.Buffers.Binary;
using System.Globalization;

namespace Keyferry.Payloads;

/// <summary>Reads the parts that payloads are made of: lengths, strings, fixed numbers. It copies only what is compressed or kept as a number.</summary>
/// <param name="body">A payload without its footer.</param>
internal ref struct PayloadReader(ReadOnlySpan<byte> body)
{
    private const int IsEncoded = 3;
    private readonly ReadOnlySpan<byte> _body = body;

    /// <summary>How many bytes have been read.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes read from <paramref name="start"/> to here.</summary>
    public readonly ReadOnlySpan<byte> Since(int start) => _body[start..Position];

    /// <summary>The next bytes as they are.</summary>
    /// <exception cref="PayloadException">There are not so many.</exception>
    public ReadOnlySpan<byte> Raw(ulong count)
    {
        if (count > (ulong)(_body.Length - Position))
        {
            throw new PayloadException("the payload is shorter than it says");
        }

        var bytes = _body.Slice(Position, (int)count);
        Position += (int)count;
        return bytes;
    }

    /// <summary>One byte.</summary>
    public byte Byte() => Raw(1)[0];

    /// <summary>Eight bytes, the least first.</summary>
    public long Fixed() => BinaryPrimitives.ReadInt64LittleEndian(Raw(8));

    /// <summary>A length or another number without sign.</summary>
    public ulong Length()
    {
        var length = LengthOrEncoding(out var encoded);
        return encoded ? throw new PayloadException("a string stands where a number belongs") : length;
    }

    /// <summary>How many elements follow. Each takes a byte at least, so that a damaged count ends here and not in memory.</summary>
    public int Count()
    {
        var count = Length();
        return count <= (ulong)(_body.Length - Position) ? (int)count : throw new PayloadException("the payload is shorter than it says");
    }

    /// <summary>A string. What is compressed or a number is written out to <paramref name="room"/>, whose content the next such string overwrites.</summary>
    public ReadOnlySpan<byte> Text(ref byte[] room)
    {
        var length = LengthOrEncoding(out var encoded);
        if (!encoded)
        {
            return Raw(length);
        }

        if (length == IsEncoded)
        {
            var compressed = Length();
            var plain = Length();
            if (plain > (ulong)Array.MaxLength)
            {
                throw new PayloadException("a string is longer than strings can be");
            }

            Ensure(ref room, (int)plain);
            Lzf.Decompress(Raw(compressed), room.AsSpan(0, (int)plain));
            return room.AsSpan(0, (int)plain);
        }

        Ensure(ref room, 24);
        long number = length switch
        {
            0 => (sbyte)Byte(),
            1 => BinaryPrimitives.ReadInt16LittleEndian(Raw(2)),
            2 => BinaryPrimitives.ReadInt32LittleEndian(Raw(4)),
            _ => throw new PayloadException("a string is encoded in a way that is not known"),
        };
        _ = number.TryFormat(room, out var written, default, CultureInfo.InvariantCulture);
        return room.AsSpan(0, written);
    }

    /// <summary>Passes over a string, however it is encoded.</summary>
    public void SkipText()
    {
        var length = LengthOrEncoding(out var encoded);
        if (!encoded)
        {
            _ = Raw(length);
            return;
        }

        switch (length)
        {
            case 0 or 1 or 2:
                _ = Raw(1UL << (int)length);
                break;
            case IsEncoded:
                var compressed = Length();
                _ = Length();
                _ = Raw(compressed);
                break;
            default:
                throw new PayloadException("a string is encoded in a way that is not known");
        }
    }

    private static void Ensure(ref byte[] room, int length)
    {
        if (room.Length < length)
        {
            room = new byte[Math.Max(length, room.Length * 2)];
        }
    }

    private ulong LengthOrEncoding(out bool encoded)
    {
        var first = Byte();
        encoded = first >> 6 == IsEncoded;
        return (first >> 6) switch
        {
            0 or IsEncoded => (ulong)(first & 0x3f),
            1 => ((ulong)(first & 0x3f) << 8) | Byte(),
            _ when first == 0x80 => BinaryPrimitives.ReadUInt32BigEndian(Raw(4)),
            _ when first == 0x81 => BinaryPrimitives.ReadUInt64BigEndian(Raw(8)),
            _ => throw new PayloadException("a length is encoded in a way that is not known"),
        };
    }
}
