using System.Buffers.Text;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>The question for a page of names, and the answer.</summary>
internal static class ScanPage
{
    /// <summary>Writes the question.</summary>
    public static void Ask(RespOutput output, ulong cursor, int count)
    {
        output.Command(4);
        output.Bulk("SCAN"u8);
        output.Bulk(Digits(cursor));
        output.Bulk("COUNT"u8);
        output.Bulk(count);
    }

    /// <summary>A cursor as a word of a command.</summary>
    public static byte[] Digits(ulong cursor)
    {
        Span<byte> digits = stackalloc byte[20];
        _ = Utf8Formatter.TryFormat(cursor, digits, out var length);
        return digits[..length].ToArray();
    }

    /// <summary>Begins to read an answer that is no error.</summary>
    /// <param name="frame">The answer.</param>
    /// <param name="cursor">The cursor of the next page; 0 at the end.</param>
    /// <param name="reader">Stands before the first name.</param>
    /// <returns>How many names follow.</returns>
    public static int Read(ReadOnlySpan<byte> frame, out ulong cursor, out RespReader reader)
    {
        reader = new RespReader(frame);
        _ = reader.RequireAggregate();
        reader.Require();
        return Utf8Parser.TryParse(reader.Bytes, out cursor, out _)
            ? reader.RequireAggregate()
            : throw new RespProtocolException("SCAN answered with a cursor that is no number");
    }
}
