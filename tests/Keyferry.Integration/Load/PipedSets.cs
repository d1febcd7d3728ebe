using System.Net.Sockets;
using System.Text;

namespace Keyferry.Integration.Load;

/// <summary>Distinct SETs poured into a server as <c>redis-cli --pipe</c> does it: all at once, answers read on the side.</summary>
internal static class PipedSets
{
    private const int SetsPerChunk = 10_000;
    private static readonly byte[] Accepted = "+OK\r\n"u8.ToArray();

    /// <summary>Sends them and returns when every one is answered.</summary>
    public static async Task SendAsync(int port, int count, CancellationToken stop)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, stop);
        var stream = client.GetStream();
        var answers = ReadAnswersAsync(stream, count, stop);
        for (var done = 0; done < count; done += SetsPerChunk)
        {
            var chunk = new StringBuilder();
            for (var number = done; number < Math.Min(done + SetsPerChunk, count); number++)
            {
                var key = $"piped:{number}";
                var value = $"value {number}";
                chunk.Append($"*3\r\n$3\r\nSET\r\n${key.Length}\r\n{key}\r\n${value.Length}\r\n{value}\r\n");
            }

            await stream.WriteAsync(Encoding.ASCII.GetBytes(chunk.ToString()), stop);
        }

        await answers;
    }

    private static async Task ReadAnswersAsync(NetworkStream stream, int count, CancellationToken stop)
    {
        var buffer = new byte[64 * 1024];
        for (long left = (long)count * Accepted.Length, at = 0; left > 0; )
        {
            var read = await stream.ReadAsync(buffer, stop);
            Assert.True(read > 0, "The server closed the connection.");
            for (var i = 0; i < read; i++, at++)
            {
                Assert.True(buffer[i] == Accepted[at % Accepted.Length], Encoding.ASCII.GetString(buffer, i, Math.Min(100, read - i)));
            }

            left -= read;
        }
    }
}
