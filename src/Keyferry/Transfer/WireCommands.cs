using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>The few commands and replies that both ends of a lane share.</summary>
internal static class WireCommands
{
    /// <summary>Writes <c>SELECT database</c>.</summary>
    public static void Select(RespOutput output, int database)
    {
        output.Raw("*2\r\n$6\r\nSELECT\r\n"u8);
        output.Bulk(database);
    }

    /// <summary>Checks that a reply is no error.</summary>
    /// <exception cref="ServerErrorException">It is one.</exception>
    public static void ExpectOk(ReadOnlySpan<byte> frame, string command)
    {
        if (frame[0] is (byte)RespType.Error or (byte)RespType.BulkError)
        {
            var reader = new RespReader(frame);
            reader.Require();
            throw new ServerErrorException(reader.Text, command);
        }
    }

    /// <summary>Reads an integer reply.</summary>
    /// <exception cref="ServerErrorException">The reply is an error.</exception>
    public static long ExpectInteger(ReadOnlySpan<byte> frame, string command)
    {
        ExpectOk(frame, command);
        var reader = new RespReader(frame);
        reader.Require();
        return reader.Integer;
    }

    /// <summary>Reads the reply to TIME: milliseconds since 1970 by the server's clock.</summary>
    /// <exception cref="ServerErrorException">The reply is an error.</exception>
    public static long TimeInMilliseconds(ReadOnlySpan<byte> frame)
    {
        ExpectOk(frame, "TIME");
        var reader = new RespReader(frame);
        _ = reader.RequireAggregate();
        reader.Require();
        var seconds = reader.Integer;
        reader.Require();
        return (seconds * 1000) + (reader.Integer / 1000);
    }
}
