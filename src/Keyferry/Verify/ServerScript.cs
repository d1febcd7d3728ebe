using System.Security.Cryptography;
using System.Text;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>A script called again and again on one server, or on the nodes of a cluster: by its hash where the server lets itself be called so, else whole each time.</summary>
/// <remarks>
/// It is never loaded, which would be replicated by old servers; calling it whole once has the server remember it. Where there is EVAL_RO it is used, because a
/// fenced source holds back EVAL.
/// </remarks>
internal sealed class ServerScript
{
    private readonly byte[] _head;
    private readonly ServerScript? _whole;

    private ServerScript(string command, string what, ServerScript? whole = null) =>
        (Command, _head, _whole) = (command, Head(command, what), whole);

    /// <summary>The command that calls it.</summary>
    public string Command { get; }

    /// <summary>The same, sent whole with each call.</summary>
    public ServerScript Whole => _whole ?? this;

    /// <summary>Tries the script on a server.</summary>
    /// <returns><see langword="null"/> where it cannot be called, or fails.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
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
            var whole = new ServerScript("EVAL" + suffix, text);
            if (await whole.FailsAsync(side, arguments, stop))
            {
                continue;
            }

            var digest = Convert.ToHexStringLower(SHA1.HashData(Encoding.ASCII.GetBytes(text)));
            var byHash = new ServerScript("EVALSHA" + suffix, digest, whole);
            return await byHash.FailsAsync(side, arguments, stop) ? whole : byHash;
        }

        return null;
    }

    /// <summary>Writes a call without sending it; it declares no key.</summary>
    public void Write(RespOutput output, params ReadOnlySpan<RespArgument> arguments)
    {
        output.Command(3 + arguments.Length);
        output.Raw(_head);
        output.Raw("$1\r\n0\r\n"u8);
        Write(arguments, output);
    }

    /// <summary>Writes a call to the node of a cluster that has <paramref name="key"/>, without sending it.</summary>
    public void WriteTo(ReadOnlySpan<byte> key, RespOutput output, params ReadOnlySpan<RespArgument> arguments)
    {
        output.Command(4 + arguments.Length);
        output.Raw(_head);
        output.Raw("$1\r\n1\r\n"u8);
        output.Bulk(key);
        Write(arguments, output);
    }

    /// <summary>Throws if a reply to a call is an error.</summary>
    /// <exception cref="ServerErrorException">The server refuses something that the script needs.</exception>
    /// <exception cref="IOException">The server has forgotten the script, which has to be tried anew.</exception>
    public void Require(ReadOnlyMemory<byte> frame)
    {
        if (VerifySide.IsError(frame))
        {
            var refused = ErrorOf(frame.Span);
            throw refused.Code == "NOSCRIPT" ? new IOException("the server has forgotten a script", refused) : refused;
        }
    }

    /// <summary>What an error reply to a call says.</summary>
    public ServerErrorException ErrorOf(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return new ServerErrorException(reader.Text, Command);
    }

    private static void Write(ReadOnlySpan<RespArgument> arguments, RespOutput output)
    {
        foreach (var argument in arguments)
        {
            output.Bulk(argument.Bytes.Span);
        }
    }

    private async ValueTask<bool> FailsAsync(VerifySide side, RespArgument[] arguments, CancellationToken stop)
    {
        Write(side.Looks.Output, arguments);
        await side.Looks.FlushAsync(stop);
        return VerifySide.IsError(await side.Looks.ReadAsync(stop));
    }

    private static byte[] Head(string command, string what) =>
        Encoding.ASCII.GetBytes($"${command.Length}\r\n{command}\r\n${what.Length}\r\n{what}\r\n");
}
