using System.Globalization;
using System.Text;
using Keyferry.Simulation.Network;

namespace Keyferry.Simulation.Server;

/// <summary>Takes whole commands out of bytes that arrive in any pieces.</summary>
internal static class RequestParser
{
    private const int LongestLine = 64 * 1024;

    /// <summary>Takes the next command.</summary>
    /// <returns>False when more bytes are needed.</returns>
    /// <exception cref="InvalidDataException">The bytes are no command; the message is the server's protocol error.</exception>
    public static bool TryTake(ByteQueue input, out Blob[] command)
    {
        command = [];
        var bytes = input.Waiting;
        var position = 0;
        if (bytes.IsEmpty)
        {
            return false;
        }

        if (bytes[0] != (byte)'*')
        {
            return TryTakeInline(input, out command);
        }

        if (!TryNumber(bytes, ref position, '*', out var count))
        {
            return false;
        }

        var parts = new Blob[Math.Max(0, count)];
        for (var i = 0; i < count; i++)
        {
            if (!TryNumber(bytes, ref position, '$', out var length) || bytes.Length < position + length + 2)
            {
                return false;
            }

            parts[i] = bytes.Slice(position, length).ToArray();
            position += length + 2;
        }

        input.Drop(position);
        command = parts;
        return true;
    }

    private static bool TryTakeInline(ByteQueue input, out Blob[] command)
    {
        command = [];
        var end = input.Waiting.IndexOf((byte)'\n');
        if (end < 0)
        {
            return false;
        }

        var line = Encoding.Latin1.GetString(input.Waiting[..end]).TrimEnd('\r');
        input.Drop(end + 1);
        command = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static word => (Blob)Encoding.Latin1.GetBytes(word))];
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<byte> bytes, ref int position, char kind, out int number)
    {
        number = 0;
        var rest = bytes[position..];
        if (rest.IsEmpty)
        {
            return false;
        }

        if (rest[0] != (byte)kind)
        {
            throw new InvalidDataException($"ERR Protocol error: expected '{kind}', got '{(char)rest[0]}'");
        }

        var end = rest.IndexOf("\r\n"u8);
        if (end < 0)
        {
            return rest.Length > LongestLine ? throw new InvalidDataException("ERR Protocol error: too big mbulk count string") : false;
        }

        if (
            !int.TryParse(Encoding.Latin1.GetString(rest[1..end]), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
            || (kind == '$' && number is < 0 or > (512 << 20))
        )
        {
            throw new InvalidDataException($"ERR Protocol error: invalid {(kind == '*' ? "multibulk" : "bulk")} length");
        }

        position += end + 2;
        return true;
    }
}
