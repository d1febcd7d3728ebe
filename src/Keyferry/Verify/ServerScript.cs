using System.Security.Cryptography;
using System.Text;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>A script without keys, called again and again on one server: whole at first, and by its hash as long as the server remembers it.</summary>
/// <remarks>
/// It is never loaded, which would be replicated by old servers; calling it has the server remember it. Where there is EVAL_RO it is used, because a fenced
/// source holds back EVAL.
/// </remarks>
internal sealed class ServerScript
{
    private readonly byte[] _whole;
    private readonly byte[] _short;
    private bool _byHash;
    private bool _hashRefused;

    private ServerScript(string text, string suffix)
    {
        Text = text;
        Command = "EVAL" + suffix;
        _whole = Head(Command, text);
        _short = Head("EVALSHA" + suffix, Convert.ToHexStringLower(SHA1.HashData(Encoding.ASCII.GetBytes(text))));
    }

    /// <summary>The script.</summary>
    public string Text { get; }

    /// <summary>The command that calls it.</summary>
    public string Command { get; }

    /// <summary>Tries the script on a server.</summary>
    /// <returns><see langword="null"/> where it cannot be called, or fails.</returns>
    public static async ValueTask<ServerScript?> TryCreateAsync(
        VerifySide side,
        string text,
        bool fenced,
        CancellationToken stop,
        params RespArgument[] arguments
    )
    {
        foreach (var suffix in (string[])(fenced ? ["_RO"] : ["_RO", ""]))
        {
            var script = new ServerScript(text, suffix);
            var reply = await script.CallAsync(side.Pages, stop, arguments);
            if (!VerifySide.IsError(reply))
            {
                return script;
            }
        }

        return null;
    }

    /// <summary>Calls the script and waits for its reply, which may be an error.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> CallAsync(
        RespConnection connection,
        CancellationToken stop,
        params RespArgument[] arguments
    )
    {
        if (_byHash)
        {
            var reply = await SendAsync(connection, _short, arguments, stop);
            if (!VerifySide.IsError(reply))
            {
                return reply;
            }

            // Forgotten, or the user may not call scripts by hash.
            _byHash = false;
            _hashRefused = !reply.Span[1..].StartsWith("NOSCRIPT"u8);
        }

        var answer = await SendAsync(connection, _whole, arguments, stop);
        _byHash = !_hashRefused && !VerifySide.IsError(answer);
        return answer;
    }

    private static async ValueTask<ReadOnlyMemory<byte>> SendAsync(
        RespConnection connection,
        byte[] head,
        RespArgument[] arguments,
        CancellationToken stop
    )
    {
        connection.Output.Command(3 + arguments.Length);
        connection.Output.Raw(head);
        foreach (var argument in arguments)
        {
            connection.Output.Bulk(argument.Bytes.Span);
        }

        await connection.FlushAsync(stop);
        return await connection.ReadAsync(stop);
    }

    private static byte[] Head(string command, string what) =>
        Encoding.ASCII.GetBytes($"${command.Length}\r\n{command}\r\n${what.Length}\r\n{what}\r\n$1\r\n0\r\n");
}
