using System.Globalization;
using System.Text;

namespace Keyferry.Resp;

/// <summary>One argument of a command on the cold paths; text is sent as UTF-8, bytes as they are.</summary>
internal readonly struct RespArgument
{
    private RespArgument(ReadOnlyMemory<byte> bytes) => Bytes = bytes;

    public ReadOnlyMemory<byte> Bytes { get; }

    public static implicit operator RespArgument(string text) => new(Encoding.UTF8.GetBytes(text));

    public static implicit operator RespArgument(long number) =>
        new(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));

    public static implicit operator RespArgument(byte[] bytes) => new(bytes);

    public static implicit operator RespArgument(ReadOnlyMemory<byte> bytes) => new(bytes);
}
