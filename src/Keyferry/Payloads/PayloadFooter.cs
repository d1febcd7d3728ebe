using System.Buffers.Binary;

namespace Keyferry.Payloads;

/// <summary>The last ten bytes of a DUMP payload: the version of its encoding and the checksum of everything before.</summary>
internal static class PayloadFooter
{
    /// <summary>Bytes of a footer.</summary>
    public const int Length = 10;

    /// <summary>The version in a payload's footer.</summary>
    public static int VersionOf(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt16LittleEndian(payload[^Length..]);

    /// <summary>Writes the footer of <paramref name="payload"/> with another version. What was damaged before is still damaged: the checksum is changed by the
    /// difference of the versions, not reckoned anew.</summary>
    public static void WriteWithVersion(ReadOnlySpan<byte> payload, int version, Span<byte> footer)
    {
        Span<byte> difference = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(difference, (ushort)(version ^ VersionOf(payload)));
        BinaryPrimitives.WriteUInt16LittleEndian(footer, (ushort)version);
        BinaryPrimitives.WriteUInt64LittleEndian(
            footer[2..],
            BinaryPrimitives.ReadUInt64LittleEndian(payload[^8..]) ^ Crc64.Of(difference)
        );
    }

    /// <summary>Writes the footer of a new <paramref name="body"/>.</summary>
    public static void Write(ReadOnlySpan<byte> body, int version, Span<byte> footer)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(footer, (ushort)version);
        BinaryPrimitives.WriteUInt64LittleEndian(footer[2..], Crc64.Of(footer[..2], Crc64.Of(body)));
    }
}
