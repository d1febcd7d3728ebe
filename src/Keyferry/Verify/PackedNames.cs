using System.Buffers;
using System.Buffers.Binary;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>Names in one byte string as a server's cmsgpack packs them: an array of strings in the MessagePack format (msgpack.org). An empty byte string is no names.</summary>
/// <remarks>Read one after the other: <c>while (names.Next(out var name))</c>.</remarks>
internal ref struct PackedNames
{
    private const byte ShortArray = 0x90;
    private const byte Array16 = 0xDC;
    private const byte Array32 = 0xDD;
    private const byte ShortString = 0xA0;
    private const byte String8 = 0xD9;
    private const byte String16 = 0xDA;
    private const byte String32 = 0xDB;

    private ReadOnlySpan<byte> _rest;

    /// <param name="packed">The byte string; the names that are told lie in it.</param>
    /// <exception cref="RespProtocolException">It is no such array.</exception>
    public PackedNames(ReadOnlySpan<byte> packed)
    {
        _rest = packed;
        if (packed.IsEmpty)
        {
            return;
        }

        var first = Take(1)[0];
        Left = first switch
        {
            >= ShortArray and < ShortString => first - ShortArray,
            Array16 => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            Array32 => checked((int)BinaryPrimitives.ReadUInt32BigEndian(Take(4))),
            _ => throw Malformed(),
        };
    }

    /// <summary>How many names are still to come.</summary>
    public int Left { get; private set; }

    /// <summary>Packs names.</summary>
    public static byte[] Pack(IReadOnlyList<ReadOnlyMemory<byte>> names)
    {
        var packed = new ArrayBufferWriter<byte>();
        packed.Write(Head(names.Count));
        foreach (var name in names)
        {
            packed.Write(HeadOf(name.Length));
            packed.Write(name.Span);
        }

        return packed.WrittenSpan.ToArray();
    }

    /// <summary>What stands before so many packed names.</summary>
    public static byte[] Head(int names)
    {
        var head = new byte[5];
        head[0] = Array32;
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(1), names);
        return head;
    }

    /// <summary>Takes the next name.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="RespProtocolException">What comes next is no string.</exception>
    public bool Next(out ReadOnlySpan<byte> name) => Next(out name, out _);

    /// <summary>Takes the next name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="packed">The same as it is packed.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="RespProtocolException">What comes next is no string.</exception>
    public bool Next(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> packed)
    {
        var before = _rest;
        if (Left == 0)
        {
            name = packed = default;
            return false;
        }

        Left--;
        var first = Take(1)[0];
        name = Take(
            first switch
            {
                >= ShortString and < 0xC0 => first - ShortString,
                String8 => Take(1)[0],
                String16 => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
                String32 => checked((int)BinaryPrimitives.ReadUInt32BigEndian(Take(4))),
                _ => throw Malformed(),
            }
        );
        packed = before[..^_rest.Length];
        return true;
    }

    private static byte[] HeadOf(int length) =>
        length switch
        {
            < 32 => [(byte)(ShortString | length)],
            <= byte.MaxValue => [String8, (byte)length],
            <= ushort.MaxValue => [String16, (byte)(length >> 8), (byte)length],
            _ => [String32, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length],
        };

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > _rest.Length)
        {
            throw Malformed();
        }

        var taken = _rest[..bytes];
        _rest = _rest[bytes..];
        return taken;
    }

    private static RespProtocolException Malformed() => new("a script answered with names that are not packed as cmsgpack does");
}
