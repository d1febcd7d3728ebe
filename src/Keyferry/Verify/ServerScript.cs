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
        await AskAsync(connection, stop, arguments);
        return await AnswerAsync(connection, stop, arguments);
    }

    /// <summary>Sends a call, whose <see cref="AnswerAsync"/> is to be waited for before the next one.</summary>
    public async ValueTask AskAsync(RespConnection connection, CancellationToken stop, params RespArgument[] arguments)
    {
        Write(connection.Output, _byHash ? _short : _whole, arguments);
        await connection.FlushAsync(stop);
    }

    /// <summary>Waits for the reply to the call that was sent, which may be an error. It is valid until the next reply is waited for.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(
        RespConnection connection,
        CancellationToken stop,
        params RespArgument[] arguments
    )
    {
        var reply = await connection.ReadAsync(stop);
        if (_byHash)
        {
            if (!VerifySide.IsError(reply))
            {
                return reply;
            }

            // Forgotten, or the user may not call scripts by hash.
            _byHash = false;
            _hashRefused = !reply.Span[1..].StartsWith("NOSCRIPT"u8);
            Write(connection.Output, _whole, arguments);
            await connection.FlushAsync(stop);
            reply = await connection.ReadAsync(stop);
        }

        _byHash = !_hashRefused && !VerifySide.IsError(reply);
        return reply;
    }

    private static void Write(RespOutput output, byte[] head, RespArgument[] arguments)
    {
        output.Command(3 + arguments.Length);
        output.Raw(head);
        foreach (var argument in arguments)
        {
            output.Bulk(argument.Bytes.Span);
        }
    }

    private static byte[] Head(string command, string what) =>
        Encoding.ASCII.GetBytes($"${command.Length}\r\n{command}\r\n${what.Length}\r\n{what}\r\n$1\r\n0\r\n");
}
