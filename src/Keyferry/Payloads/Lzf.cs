namespace Keyferry.Payloads;

/// <summary>The compression of strings inside payloads (LibLZF).</summary>
internal static class Lzf
{
    private const int LongestLiteral = 32;

    /// <summary>Fills <paramref name="plain"/> from <paramref name="compressed"/>.</summary>
    /// <exception cref="PayloadException">They do not fit together.</exception>
    public static void Decompress(ReadOnlySpan<byte> compressed, Span<byte> plain)
    {
        var (read, written) = (0, 0);
        while (read < compressed.Length)
        {
            int control = compressed[read++];
            if (control < LongestLiteral)
            {
                var literal = control + 1;
                Require(read + literal <= compressed.Length && written + literal <= plain.Length);
                compressed.Slice(read, literal).CopyTo(plain[written..]);
                (read, written) = (read + literal, written + literal);
                continue;
            }

            var length = control >> 5;
            if (length == 7)
            {
                Require(read < compressed.Length);
                length += compressed[read++];
            }

            Require(read < compressed.Length);
            var from = written - ((control & 0x1f) << 8) - compressed[read++] - 1;
            length += 2;
            Require(from >= 0 && written + length <= plain.Length);
            // Byte by byte: the run may reach into what it is just writing.
            for (var i = 0; i < length; i++)
            {
                plain[written++] = plain[from++];
            }
        }

        Require(written == plain.Length);
    }

    private static void Require(bool fits)
    {
        if (!fits)
        {
            throw new PayloadException("compressed bytes do not unpack to the length that stands before them");
        }
    }
}
