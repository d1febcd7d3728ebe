using System.Security.Cryptography;
using System.Text;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>A script without keys, called again and again on one server: by its hash where the server lets itself be called so, else whole each time.</summary>
/// <remarks>
/// It is never loaded, which would be replicated by old servers; calling it whole once has the server remember it. Where there is EVAL_RO it is used, because a
/// fenced source holds back EVAL.
/// </remarks>
internal sealed class ServerScript
{
    private readonly byte[] _head;

    private ServerScript(string command, byte[] head) => (Command, _head) = (command, head);

    /// <summary>The command that calls it.</summary>
    public string Command { get; }

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
            var whole = new ServerScript("EVAL" + suffix, Head("EVAL" + suffix, text));
            if (await whole.FailsAsync(side, arguments, stop))
            {
                continue;
            }

            var digest = Convert.ToHexStringLower(SHA1.HashData(Encoding.ASCII.GetBytes(text)));
            var byHash = new ServerScript("EVALSHA" + suffix, Head("EVALSHA" + suffix, digest));
            return await byHash.FailsAsync(side, arguments, stop) ? whole : byHash;
        }

        return null;
    }

    /// <summary>Writes a call without sending it.</summary>
    public void Write(RespOutput output, params ReadOnlySpan<RespArgument> arguments)
    {
        output.Command(3 + arguments.Length);
        output.Raw(_head);
        foreach (var argument in arguments)
        {
            output.Bulk(argument.Bytes.Span);
        }
    }

    /// <summary>What an error reply to a call means.</summary>
    /// <exception cref="IOException">The server has forgotten the script, which has to be tried anew.</exception>
    public ServerErrorException Refused(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        var refused = new ServerErrorException(reader.Text, Command);
        return refused.Code == "NOSCRIPT" ? throw new IOException("the server has forgotten a script", refused) : refused;
    }

    private async ValueTask<bool> FailsAsync(VerifySide side, RespArgument[] arguments, CancellationToken stop)
    {
        Write(side.Looks.Output, arguments);
        await side.Looks.FlushAsync(stop);
        return VerifySide.IsError(await side.Looks.ReadAsync(stop));
    }

    private static byte[] Head(string command, string what) =>
        Encoding.ASCII.GetBytes($"${command.Length}\r\n{command}\r\n${what.Length}\r\n{what}\r\n$1\r\n0\r\n");
}
