namespace Keyferry.Simulation.Server;

/// <summary>The checksum at the end of DUMP payloads (Jones polynomial, reflected, as Redis computes it).</summary>
internal static class Crc64
{
    private static readonly ulong[] _table = MakeTable();

    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var crc = 0UL;
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
