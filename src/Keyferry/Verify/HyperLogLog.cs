namespace Keyferry.Verify;

/// <summary>Redis's HyperLogLog strings. Two are equal when their registers are, whatever their encoding and their cached cardinality.</summary>
/// <remarks>Layout: <c>HYLL</c>, a byte for the encoding (0 dense, 1 sparse), 3 unused bytes, 8 bytes of cached cardinality, the registers.</remarks>
internal static class HyperLogLog
{
    private const int Registers = 16384;
    private const int Header = 16;
    private const int DenseLength = Header + (Registers * 6 / 8);

    /// <summary>No HyperLogLog is longer than this, in bytes.</summary>
    public const int MaxLength = DenseLength;

    /// <summary>Whether both strings are HyperLogLogs with equal registers.</summary>
    public static bool AreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> ofLeft = stackalloc byte[Registers];
        Span<byte> ofRight = stackalloc byte[Registers];
        return TryRead(left, ofLeft) && TryRead(right, ofRight) && ofLeft.SequenceEqual(ofRight);
    }

    /// <summary>Reads the registers, one byte each.</summary>
    /// <returns>Whether <paramref name="value"/> is a well-formed HyperLogLog.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> value, Span<byte> registers)
    {
        if (value.Length < Header || !value.StartsWith("HYLL"u8))
        {
            return false;
        }

        return value[4] switch
        {
            0 when value.Length == DenseLength => ReadDense(value[Header..], registers),
            1 => TryReadSparse(value[Header..], registers),
            _ => false,
        };
    }

    private static bool ReadDense(ReadOnlySpan<byte> packed, Span<byte> registers)
    {
        for (var i = 0; i < Registers; i++)
        {
            var bit = i * 6;
            var low = packed[bit / 8] >> (bit % 8);
            var high = (bit % 8) > 2 ? packed[(bit / 8) + 1] << (8 - (bit % 8)) : 0;
            registers[i] = (byte)((low | high) & 0x3f);
        }

        return true;
    }

    private static bool TryReadSparse(ReadOnlySpan<byte> codes, Span<byte> registers)
    {
        var filled = 0;
        while (!codes.IsEmpty)
        {
            var code = codes[0];
            var used = (code & 0xc0) == 0x40 ? 2 : 1;
            if (codes.Length < used)
            {
                return false;
            }

            var (run, register) = code switch
            {
                >= 0x80 => ((code & 0x3) + 1, ((code >> 2) & 0x1f) + 1),
                >= 0x40 => ((((code & 0x3f) << 8) | codes[1]) + 1, 0),
                _ => ((code & 0x3f) + 1, 0),
            };
            if (filled + run > Registers)
            {
                return false;
            }

            registers.Slice(filled, run).Fill((byte)register);
            filled += run;
            codes = codes[used..];
        }

        return filled == Registers;
    }
}
