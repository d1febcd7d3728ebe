using System.Globalization;
using System.Text;
using Keyferry.Resp;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.Tests;

/// <summary>Says commands on any transport and shows replies as text, byte for byte; shares no code with the engine or the simulated server.</summary>
internal sealed class RawClient(ITransport transport) : IAsyncDisposable
{
    private readonly List<byte> _unread = [];

    /// <summary>The connection.</summary>
    public ITransport Transport => transport;

    /// <summary>The command as bytes.</summary>
    public static byte[] Encode(params ReadOnlySpan<Blob> command)
    {
        var bytes = new List<byte>();
        bytes.AddRange(Encoding.ASCII.GetBytes($"*{command.Length}\r\n"));
        foreach (var part in command)
        {
            bytes.AddRange(Encoding.ASCII.GetBytes($"${part.Length}\r\n"));
            bytes.AddRange(part.Span);
            bytes.AddRange("\r\n"u8);
        }

        return [.. bytes];
    }

    /// <summary>Sends without waiting for the reply.</summary>
    public ValueTask SendAsync(params ReadOnlySpan<Blob> command) => transport.SendAsync(Encode(command), CancellationToken.None);

    /// <summary>Sends a command and reads one reply.</summary>
    public async Task<string> CallAsync(params Blob[] command)
    {
        await SendAsync(command);
        return await ReadAsync();
    }

    /// <summary>Reads one reply or push: <c>+OK</c>, <c>$text</c>, <c>:1</c>, <c>-ERR ...</c>, <c>*[a b]</c>.</summary>
    /// <exception cref="EndOfStreamException">The server has closed the connection.</exception>
    public async Task<string> ReadAsync()
    {
        var line = await LineAsync();
        switch (line[0])
        {
            case '$' or '=':
                var length = int.Parse(line[1..], CultureInfo.InvariantCulture);
                return length < 0 ? "nil" : $"${await TakeAsync(length)}";
            case '*' or '%' or '~' or '>':
                var count = int.Parse(line[1..], CultureInfo.InvariantCulture);
                if (count < 0)
                {
                    return "nil-array";
                }

                var parts = new List<string>();
                for (var i = 0; i < (line[0] == '%' ? count * 2 : count); i++)
                {
                    parts.Add(await ReadAsync());
                }

                return $"{line[0]}[{string.Join(' ', parts)}]";
            default:
                return line;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => transport.DisposeAsync();

    private async Task<string> LineAsync()
    {
        int end;
        while ((end = _unread.IndexOf((byte)'\n')) < 0)
        {
            await MoreAsync();
        }

        var line = Encoding.Latin1.GetString([.. _unread[..(end - 1)]]);
        _unread.RemoveRange(0, end + 1);
        return line;
    }

    private async Task<string> TakeAsync(int length)
    {
        while (_unread.Count < length + 2)
        {
            await MoreAsync();
        }

        var text = Encoding.Latin1.GetString([.. _unread[..length]]);
        _unread.RemoveRange(0, length + 2);
        return text;
    }

    private async Task MoreAsync()
    {
        var buffer = new byte[16 * 1024];
        var count = await transport.ReceiveAsync(buffer, CancellationToken.None);
        if (count == 0)
        {
            throw new EndOfStreamException();
        }

        _unread.AddRange(buffer.AsSpan(0, count));
    }
}
