namespace Keyferry.Payloads;

/// <summary>The checksum at the end of DUMP payloads: CRC-64 with the Jones polynomial, reflected, begun with 0 and not inverted.</summary>
/// <remarks>Begun with 0 it is linear: the checksum of two payloads of one length that differ in some bits differs by the checksum of the difference.</remarks>
internal static class Crc64
{
    private static readonly ulong[] _table = MakeTable();

    /// <summary>The checksum of <paramref name="bytes"/>, which follow bytes with the checksum <paramref name="before"/>.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes, ulong before = 0)
    {
        var crc = before;
        foreach (var value in bytes)
        {
            crc = _table[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return crc;
    }

    private static ulong[] MakeTable()
    {
        var table = new ulong[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x95AC9329AC4BC9B5 : crc >> 1;
            }

            table[i] = crc;
        }

        return table;
    }
}
