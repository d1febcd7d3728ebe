using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Keyferry.Cli.Control;

/// <summary>The local socket of a running migration, in its work directory: only the owner of the folder can ask anything of the run.</summary>
/// <remarks>
/// <para>Newline-delimited JSON: one <see cref="ControlRequest"/>, then <see cref="ControlReply"/>s, then the end. One connection for each request.</para>
/// <para><b>Promises.</b> Nobody can connect before the rights of the socket are those of its owner alone: it listens only after they were set. A socket that a killed
/// process has left is replaced; the caller holds the work directory's lock. Nothing that a client sends ends the run or this server.</para>
/// </remarks>
internal sealed class ControlSocket : IAsyncDisposable
{
    /// <summary>The socket's name in the work directory.</summary>
    public const string FileName = "control.sock";

    private const int LongestRequest = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _listener;
    private readonly string _path;
    private readonly IControlDesk _desk;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    private ControlSocket(Socket listener, string path, IControlDesk desk, TimeProvider time)
    {
        _listener = listener;
        _path = path;
        _desk = desk;
        _time = time;
        _accepting = AcceptAsync();
    }

    /// <summary>Listens in <paramref name="folder"/>.</summary>
    /// <param name="folder">The work directory, whose lock the caller holds.</param>
    /// <param name="desk">Who answers.</param>
    /// <param name="time">The clock.</param>
    /// <param name="trouble">Told why the run cannot be controlled, where it cannot; it goes on all the same.</param>
    public static ControlSocket? TryOpen(string folder, IControlDesk desk, TimeProvider time, Action<string> trouble)
    {
        var path = Path.Combine(folder, FileName);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            listener.Listen();
            return new ControlSocket(listener, path, desk, time);
        }
        catch (Exception refused)
            when (refused is SocketException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            listener.Dispose();
            trouble($"this run cannot be controlled from another terminal: {path}: {refused.Message}");
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        File.Delete(_path);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var conversations = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                conversations.RemoveAll(static conversation => conversation.IsCompleted);
                conversations.Add(ConverseAsync(client));
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (SocketException)
            {
                // Out of descriptors, or a client that was gone at once; the next may fare better.
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time);
            }
        }

        await Task.WhenAll(conversations);
    }

    private async Task ConverseAsync(Socket client)
    {
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            if (await ReadRequestAsync(stream) is not { } request)
            {
                return;
            }

            await AnswerAsync(stream, request);
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException or JsonException)
        {
            // Whoever asked is away, or asked nothing that can be understood.
            return;
        }
    }

    private async Task AnswerAsync(NetworkStream stream, ControlRequest request)
    {
        using var gone = new CancellationTokenSource();
        using var answered = new CancellationTokenSource();
        var leaving = WatchAsync(stream, gone, answered.Token);
        try
        {
            await foreach (var reply in _desk.AnswerAsync(request, _stop.Token, gone.Token))
            {
                var line = JsonSerializer.Serialize(reply, ControlJson.Default.ControlReply);
                await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), _stop.Token);
            }
        }
        finally
        {
            await answered.CancelAsync();
            await leaving;
        }
    }

    /// <summary>Notices that whoever asks has gone, or says no more.</summary>
    private static async Task WatchAsync(NetworkStream stream, CancellationTokenSource gone, CancellationToken answered)
    {
        var ignored = new byte[64];
        try
        {
            while (await stream.ReadAsync(ignored, answered) > 0)
            {
                // One connection is for one request.
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (IOException)
        {
            // Gone without a word.
        }

        await gone.CancelAsync();
    }

    private async Task<ControlRequest?> ReadRequestAsync(NetworkStream stream)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, patience.Token);
        var buffer = new byte[LongestRequest];
        var filled = 0;
        while (filled < buffer.Length)
        {
            var received = await stream.ReadAsync(buffer.AsMemory(filled), either.Token);
            var end = Array.IndexOf(buffer, (byte)'\n', filled, received);
            filled += received;
            if (end >= 0)
            {
                return JsonSerializer.Deserialize(buffer.AsSpan(0, end), ControlJson.Default.ControlRequest);
            }

            if (received == 0)
            {
                return null;
            }
        }

        return null;
    }
}
