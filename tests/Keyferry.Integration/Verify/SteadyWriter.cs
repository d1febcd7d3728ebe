using System.Net.Sockets;
using System.Text;

namespace Keyferry.Integration.Verify;

/// <summary>A client that writes as fast as the server takes it: strings that are there already, with the values that they have, so that both sides stay equal.</summary>
internal sealed class SteadyWriter(int port, int keys)
{
    private const int Ahead = 32;
    private static readonly string _value = new('v', 150);

    private NetworkStream? _stream;
    private long _written;

    /// <summary>Writes that were answered.</summary>
    public long Written => Interlocked.Read(ref _written);

    public static string KeyOf(int number) => $"steady:{number:000000}";

    /// <summary>Writes every key once.</summary>
    public async Task FillAsync(CancellationToken stop)
    {
        for (var first = 0; first < keys; first += Ahead)
        {
            await SendAsync(await StreamAsync(stop), Enumerable.Range(first, Math.Min(Ahead, keys - first)), stop);
        }
    }

    /// <summary>Writes until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var dice = new Random(1);
        try
        {
            while (true)
            {
                await SendAsync(await StreamAsync(stop), Enumerable.Range(0, Ahead).Select(_ => dice.Next(keys)), stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }

    private async ValueTask<NetworkStream> StreamAsync(CancellationToken stop)
    {
        if (_stream is { } open)
        {
            return open;
        }

        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", port, stop);
        return _stream = client.GetStream();
    }

    private async Task SendAsync(NetworkStream stream, IEnumerable<int> numbers, CancellationToken stop)
    {
        var (text, count) = (new StringBuilder(), 0);
        foreach (var key in numbers.Select(KeyOf))
        {
            text.Append($"*3\r\n$3\r\nSET\r\n${key.Length}\r\n{key}\r\n${_value.Length}\r\n{_value}\r\n");
            count++;
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(text.ToString()), stop);
        await stream.ReadExactlyAsync(new byte[count * "+OK\r\n".Length], stop);
        _ = Interlocked.Add(ref _written, count);
    }
}
