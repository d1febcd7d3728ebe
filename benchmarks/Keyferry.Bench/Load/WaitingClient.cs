using System.Net.Sockets;

namespace Keyferry.Bench.Load;

/// <summary>A client that writes one key at a time and waits for each answer, as an application does, until it is disconnected or stopped.</summary>
internal sealed class WaitingClient(int port)
{
    /// <summary>It tells when the last write was accepted to about so much, without being a load of its own.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    /// <summary>When its last write was answered.</summary>
    public DateTimeOffset LastAnswer { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", port, stop);
        var stream = client.GetStream();
        var answer = new byte[64];
        try
        {
            while (true)
            {
                await stream.WriteAsync("SET keyferry-bench:client 1\r\n"u8.ToArray(), stop);
                if (await stream.ReadAsync(answer, stop) == 0)
                {
                    return;
                }

                LastAnswer = TimeProvider.System.GetUtcNow();
                await Task.Delay(Pause, stop);
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException)
        {
            // Disconnected by the cutover, which is the end of what it measures; or stopped.
        }
    }
}
