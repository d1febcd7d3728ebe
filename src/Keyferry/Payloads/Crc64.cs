using System.Buffers.Binary;

namespace Keyferry.Payloads;

/// <summary>The checksum at the end of DUMP payloads: CRC-64 with the Jones polynomial, reflected, begun with 0 and not inverted.</summary>
/// <remarks>Begun with 0 it is linear: the checksum of two payloads of one length that differ in some bits differs by the checksum of the difference.</remarks>
internal static class Crc64
{
    /// <summary>What a byte does to the checksum: first where it is the last byte, then with one more byte behind it, up to seven.</summary>
    private static readonly ulong[] _tables = MakeTables();

    /// <summary>The checksum of <paramref name="bytes"/>, which follow bytes with the checksum <paramref name="before"/>.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes, ulong before = 0)
    {
        var (crc, tables) = (before, _tables);
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            // Eight bytes at a time: eight look-ups that do not wait for one another.
            var word = crc ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            crc =
                tables[(7 << 8) | (byte)word]
                ^ tables[(6 << 8) | (byte)(word >> 8)]
                ^ tables[(5 << 8) | (byte)(word >> 16)]
                ^ tables[(4 << 8) | (byte)(word >> 24)]
                ^ tables[(3 << 8) | (byte)(word >> 32)]
                ^ tables[(2 << 8) | (byte)(word >> 40)]
                ^ tables[(1 << 8) | (byte)(word >> 48)]
                ^ tables[word >> 56];
        }

        foreach (var value in bytes)
        {
            crc = tables[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return crc;
    }

    private static ulong[] MakeTables()
    {
        var tables = new ulong[sizeof(ulong) << 8];
        for (var i = 0; i < 1 << 8; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x95AC9329AC4BC9B5 : crc >> 1;
            }

            tables[i] = crc;
        }

        for (var i = 1 << 8; i < tables.Length; i++)
        {
            var shorter = tables[i - (1 << 8)];
            tables[i] = tables[(byte)shorter] ^ (shorter >> 8);
        }

        return tables;
    }
}
