using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Keyferry.Integration.Faults;

/// <summary>SETs at a steady rate that is high for a test's client: written as bytes, answers read and thrown away.</summary>
internal static class SteadySets
{
    private const int Names = 50_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>Sends for <paramref name="duration"/> and returns the writes sent.</summary>
    public static async Task<long> SendAsync(int port, int writesPerSecond, TimeSpan duration, CancellationToken stop)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, stop);
        var stream = client.GetStream();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var answers = DiscardAsync(stream, ended.Token);
        var elapsed = Stopwatch.StartNew();
        var sent = 0L;
        while (elapsed.Elapsed < duration)
        {
            var due = (long)(elapsed.Elapsed.TotalSeconds * writesPerSecond);
            var chunk = new StringBuilder();
            for (; sent < due; sent++)
            {
                var key = $"steady:{sent % Names}";
                chunk.Append($"*3\r\n$3\r\nSET\r\n${key.Length}\r\n{key}\r\n$5\r\nvalue\r\n");
            }

            await stream.WriteAsync(Encoding.ASCII.GetBytes(chunk.ToString()), stop);
            await Task.Delay(Tick, stop);
        }

        await ended.CancelAsync();
        await answers;
        return sent;
    }

    private static async Task DiscardAsync(NetworkStream stream, CancellationToken ended)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer, ended) > 0)
            {
                // Only that the server can go on answering matters.
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the load.
            return;
        }
    }
}
