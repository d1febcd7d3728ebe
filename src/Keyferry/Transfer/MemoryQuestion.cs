using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>The question how much memory a value uses, which a server answers without reading the value.</summary>
internal static class MemoryQuestion
{
    /// <summary>
    /// How many elements the server looks at. For an element it takes 10 to 40 ns, where DUMP takes 50 to 170, and less than a millisecond for all (measured, 7.0 and 8.0).
    /// With its usual five, a few large elements behind some small ones are not seen, and a value of hundreds of megabytes passes for a small one.
    /// </summary>
    public const int Samples = 20_000;

    /// <summary>The command, for messages.</summary>
    public const string Command = "MEMORY USAGE";

    /// <summary>Writes the question.</summary>
    public static void Ask(RespOutput output, ReadOnlySpan<byte> key)
    {
        output.Raw("*5\r\n$6\r\nMEMORY\r\n$5\r\nUSAGE\r\n"u8);
        output.Bulk(key);
        output.Raw("$7\r\nSAMPLES\r\n"u8);
        output.Bulk(Samples);
    }

    /// <summary>Asks a server that answers it.</summary>
    /// <returns>Bytes; 0 where the key is not there.</returns>
    public static async ValueTask<long> AskAsync(RespConnection connection, ReadOnlyMemory<byte> key, CancellationToken stop) =>
        await TryAsync(connection, key, stop) is { IsError: false, IsNull: false } told ? told.Integer : 0;

    /// <summary>Bytes that an answer tells, -1 where the key is not there.</summary>
    public static long Bytes(ReadOnlySpan<byte> answer)
    {
        var reader = new RespReader(answer);
        reader.Require();
        return reader.IsNull ? -1 : reader.Integer;
    }

    /// <summary>Whether a server answers it.</summary>
    /// <param name="connection">The server.</param>
    /// <param name="key">Any key.</param>
    /// <param name="stop">Gives up.</param>
    public static ValueTask<RespValue> TryAsync(RespConnection connection, ReadOnlyMemory<byte> key, CancellationToken stop) =>
        connection.TryCallAsync(stop, "MEMORY", "USAGE", key, "SAMPLES", Samples);
}
