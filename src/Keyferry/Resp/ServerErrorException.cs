namespace Keyferry.Resp;

/// <summary>An error that the server itself replied with (<c>-ERR ...</c>). The connection is intact.</summary>
/// <param name="message">The reply's text without the leading dash, exactly as sent.</param>
/// <param name="command">The command's name, without its arguments, which may hold keys.</param>
internal sealed class ServerErrorException(string message, string command) : Exception($"{command}: {message}")
{
    /// <summary>The reply's text, for example <c>NOAUTH Authentication required.</c></summary>
    public string Reply { get; } = message;

    /// <summary>The name of the command that was refused.</summary>
    public string Command { get; } = command;

    /// <summary>The ACL rule that gives the right which was missing: of the command that the server names, since it may have refused one of a transaction, else of the one that was sent.</summary>
    public string Right
    {
        get
        {
            var named = Reply.Split('\'');
            var isNamed = named.Length == 3 && named[2].StartsWith(" command", StringComparison.Ordinal);
            return $"+{(isNamed ? named[1] : Command).ToLowerInvariant().Replace(' ', '|')}";
        }
    }

    /// <summary>Whether a right was missing, of this command or of another in its transaction.</summary>
    public bool IsDenied => Reply.Contains("NOPERM", StringComparison.Ordinal);

    /// <summary>The first word of the reply: <c>ERR</c>, <c>NOAUTH</c>, <c>LOADING</c>, ...</summary>
    public string Code => Reply.IndexOf(' ') is var space and >= 0 ? Reply[..space] : Reply;
}
