using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Sockets;

namespace Keyferry.Bench.Load;

/// <summary>
/// SETs of values of 150 bytes to keys drawn from 600,000, at a set rate in an open loop: what is due is sent, whether or not earlier ones are
/// answered. One raw connection, so that the writer takes little of the machine that it shares with what it loads.
/// </summary>
internal sealed class PacedWriter(int port, int rate)
{
    /// <summary>How many distinct keys it writes to.</summary>
    public const int Keys = 600_000;

    private const int ValueBytes = 150;
    private const int KeyDigits = 6;

    /// <summary>A server that is this far behind is not sent more: as many clients would wait for their answers.</summary>
    private const int MostUnanswered = 50_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);
    private static readonly byte[] Template =
    [
        .. "*3\r\n$3\r\nSET\r\n$11\r\nlive:000000\r\n$150\r\n"u8,
        .. Enumerable.Repeat((byte)'v', ValueBytes),
        .. "\r\n"u8,
    ];
    private static readonly int KeyAt = Template.AsSpan().IndexOf("000000"u8);

    private readonly Random _random = new(rate);
    private long _answered;

    /// <summary>Writes that the server has accepted so far.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Writes until it is stopped or disconnected.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", port, stop);
        using var ended = new CancellationTokenSource();
        var answers = CountAnswersAsync(client.GetStream(), ended.Token);
        try
        {
            await SendAsync(client.GetStream(), stop);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException)
        {
            // The end that the caller asked for, or a cutover that has disconnected the clients of the source.
        }

        await ended.CancelAsync();
        await answers;
    }

    private async Task SendAsync(NetworkStream stream, CancellationToken stop)
    {
        using var ticks = new PeriodicTimer(Tick);
        var began = Stopwatch.GetTimestamp();
        var buffer = new byte[MostUnanswered * Template.Length];
        long sent = 0;
        do
        {
            var due = Math.Min((long)(Stopwatch.GetElapsedTime(began).TotalSeconds * rate), Answered + MostUnanswered);
            var length = 0;
            for (; sent < due && length + Template.Length <= buffer.Length; sent++)
            {
                length += Put(buffer.AsSpan(length));
            }

            await stream.WriteAsync(buffer.AsMemory(0, length), stop);
        } while (await ticks.WaitForNextTickAsync(stop));
    }

    private int Put(Span<byte> place)
    {
        Template.CopyTo(place);
        _ = Utf8Formatter.TryFormat(
            _random.Next(Keys),
            place.Slice(KeyAt, KeyDigits),
            out _,
            new System.Buffers.StandardFormat('D', KeyDigits)
        );
        return Template.Length;
    }

    private async Task CountAnswersAsync(NetworkStream stream, CancellationToken stop)
    {
        const int accepted = 5;
        var buffer = new byte[64 * 1024];
        long received = 0;
        try
        {
            while (await stream.ReadAsync(buffer, stop) is > 0 and var read)
            {
                if (buffer.AsSpan(0, read).Contains((byte)'-'))
                {
                    throw new InvalidOperationException(
                        "The source refuses writes: " + System.Text.Encoding.ASCII.GetString(buffer, 0, Math.Min(read, 100))
                    );
                }

                received += read;
                Interlocked.Exchange(ref _answered, received / accepted);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or IOException)
        {
            // What is unanswered now does not count.
        }
    }
}
