using System.Buffers.Binary;

namespace Keyferry.Payloads;

/// <summary>Walks over the elements of a listpack, the compact list in which Redis 7 and Valkey keep small values.</summary>
internal ref struct Listpack
{
    private const int Header = 6;
    private const byte End = 0xff;
    private readonly ReadOnlySpan<byte> _bytes;
    private int _next = Header;

    /// <exception cref="PayloadException">They are no listpack.</exception>
    public Listpack(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= Header || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != bytes.Length || bytes[^1] != End)
        {
            throw new PayloadException("a listpack is damaged");
        }

        _bytes = bytes;
    }

    /// <summary>Whether the present element is kept as a number; then it is <see cref="Number"/>.</summary>
    public bool IsNumber { get; private set; }

    /// <summary>The present element where it is kept as a number.</summary>
    public long Number { get; private set; }

    /// <summary>The present element where it is kept as a string.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Counts the elements; the count in the header does not reach far enough for long lists.</summary>
    public static int Count(ReadOnlySpan<byte> bytes)
    {
        var count = 0;
        for (var list = new Listpack(bytes); list.Read(); count++)
        {
            // Only the walk matters.
        }

        return count;
    }

    /// <summary>Moves to the next element.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="PayloadException">The listpack is damaged.</exception>
    public bool Read()
    {
        if (_bytes[_next] == End)
        {
            return false;
        }

        var length = ReadElement();
        // Behind each element stands its length, for walking backwards.
        _next += length + BackLength(length);
        return _next < _bytes.Length ? true : throw new PayloadException("a listpack is damaged");
    }

    /// <summary>Moves to the next element, which must be there.</summary>
    public void Require()
    {
        if (!Read())
        {
            throw new PayloadException("a listpack has fewer elements than belong there");
        }
    }

    private int ReadElement()
    {
        var first = _bytes[_next];
        return first switch
        {
            < 0x80 => TakeNumber(first, 1),
            < 0xc0 => TakeBytes(1, (uint)(first & 0x3f)),
            < 0xe0 => TakeNumber(Signed(((first & 0x1f) << 8) | At(1)[0], 13), 2),
            < 0xf0 => TakeBytes(2, ((uint)(first & 0x0f) << 8) | At(1)[0]),
            0xf0 => TakeBytes(5, BinaryPrimitives.ReadUInt32LittleEndian(At(4))),
            0xf1 => TakeNumber(BinaryPrimitives.ReadInt16LittleEndian(At(2)), 3),
            0xf2 => TakeNumber(Signed(At(3)[0] | (At(3)[1] << 8) | (At(3)[2] << 16), 24), 4),
            0xf3 => TakeNumber(BinaryPrimitives.ReadInt32LittleEndian(At(4)), 5),
            0xf4 => TakeNumber(BinaryPrimitives.ReadInt64LittleEndian(At(8)), 9),
            _ => throw new PayloadException("a listpack is damaged"),
        };
    }

    private static int Signed(int value, int bits) => value << (32 - bits) >> (32 - bits);

    private readonly ReadOnlySpan<byte> At(int bytes) =>
        bytes < _bytes.Length - _next ? _bytes.Slice(_next + 1, bytes) : throw new PayloadException("a listpack is damaged");

    private int TakeNumber(long number, int length)
    {
        (IsNumber, Number) = (true, number);
        Bytes = default;
        return length;
    }

    private int TakeBytes(int before, uint length)
    {
        if (length > (uint)(_bytes.Length - _next - before))
        {
            throw new PayloadException("a listpack is damaged");
        }

        IsNumber = false;
        Bytes = _bytes.Slice(_next + before, (int)length);
        return before + (int)length;
    }

    private static int BackLength(int length) =>
        length switch
        {
            <= 127 => 1,
            < 16383 => 2,
            < 2097151 => 3,
            < 268435455 => 4,
            _ => 5,
        };
}
