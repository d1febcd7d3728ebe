using System.Globalization;
using System.Text;

namespace Keyferry.Model;

/// <summary>Which of a cluster's 16,384 slots a key belongs to: CRC16 (XMODEM) of its name, or of what stands between the first braces if that is not empty.</summary>
internal static class KeySlot
{
    /// <summary>How many slots every cluster has.</summary>
    public const int Count = 16384;

    private static readonly ushort[] Crc = Table();
    private static readonly Lazy<string[]> Tags = new(FindTags);

    /// <summary>The slot of <paramref name="key"/>.</summary>
    public static int Of(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        if (open >= 0)
        {
            var tag = key[(open + 1)..];
            var close = tag.IndexOf((byte)'}');
            if (close > 0)
            {
                key = tag[..close];
            }
        }

        ushort crc = 0;
        foreach (var one in key)
        {
            crc = (ushort)((crc << 8) ^ Crc[((crc >> 8) ^ one) & 0xff]);
        }

        return crc & (Count - 1);
    }

    /// <summary>A short text without braces that belongs to <paramref name="slot"/>: in braces, it puts a key of Keyferry's own there.</summary>
    public static string TagOf(int slot) => Tags.Value[slot];

    private static ushort[] Table()
    {
        var table = new ushort[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = i << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
            }

            table[i] = (ushort)crc;
        }

        return table;
    }

    private static string[] FindTags()
    {
        var tags = new string[Count];
        var left = Count;
        for (var i = 0; left > 0; i++)
        {
            var tag = i.ToString("x", CultureInfo.InvariantCulture);
            var slot = Of(Encoding.ASCII.GetBytes(tag));
            if (tags[slot] is null)
            {
                tags[slot] = tag;
                left--;
            }
        }

        return tags;
    }
}
