using Keyferry.Resp;

namespace Keyferry.Cutover;

/// <summary>What an ACL user may do, without what it logs in with.</summary>
/// <param name="User">Its name.</param>
/// <param name="Commands">Its command rules (<c>+@all -flushall</c>), as the server tells them; they begin with all or nothing, so that setting them again sets them all.</param>
/// <param name="Selectors">Its selectors, each in parentheses (7.0 and newer).</param>
internal sealed record AclRules(string User, string Commands, IReadOnlyList<string> Selectors)
{
    private static readonly string[] SelectorParts = ["commands", "keys", "channels"];

    /// <summary>Every user that is enabled, but the one of this connection.</summary>
    /// <exception cref="ServerErrorException">The user may not ask.</exception>
    public static async ValueTask<IReadOnlyList<string>> OthersAsync(RespConnection connection, CancellationToken stop)
    {
        var me = (await connection.CallAsync(stop, "ACL", "WHOAMI")).Text;
        var others = new List<string>();
        foreach (var name in (await connection.CallAsync(stop, "ACL", "USERS")).Items.Select(static item => item.Text))
        {
            var flags = (await connection.CallAsync(stop, "ACL", "GETUSER", name))["flags"];
            if (name != me && flags?.Items.Any(static flag => flag.Text == "on") == true)
            {
                others.Add(name);
            }
        }

        return others;
    }

    /// <summary>Asks for the rules of a user.</summary>
    /// <returns><see langword="null"/> where there is no such user.</returns>
    /// <exception cref="ServerErrorException">The user may not ask.</exception>
    public static async ValueTask<AclRules?> AskAsync(RespConnection connection, string user, CancellationToken stop)
    {
        var reply = await connection.CallAsync(stop, "ACL", "GETUSER", user);
        if (reply["commands"] is not { } commands)
        {
            return null;
        }

        var selectors = reply["selectors"] is { } listed ? listed.Items : [];
        return new AclRules(user, commands.Text, [.. selectors.Select(SelectorText)]);
    }

    /// <summary>Takes the right to write. A selector may give it, too, and cannot be changed, only left out.</summary>
    /// <returns>What the server said against it, or <see langword="null"/>.</returns>
    public async ValueTask<string?> TakeWritesAsync(RespConnection connection, CancellationToken stop)
    {
        var reply =
            Selectors.Count == 0
                ? await connection.TryCallAsync(stop, "ACL", "SETUSER", User, "-@write")
                : await connection.TryCallAsync(stop, "ACL", "SETUSER", User, "-@write", "clearselectors");
        return reply.IsError ? reply.Text : null;
    }

    /// <summary>Whether the user of the connection may change rights at all; changes none.</summary>
    /// <returns>What the server says against it, or <see langword="null"/>.</returns>
    public async ValueTask<string?> MayNotChangeAsync(RespConnection connection, CancellationToken stop)
    {
        // No server knows such a rule, and one that refuses a rule leaves the user as he is.
        var reply = await connection.TryCallAsync(stop, "ACL", "SETUSER", User, "keyferry-probe");
        return
            reply.IsError
            && (
                reply.IsDenied
                || reply.Text.Contains("unknown command", StringComparison.OrdinalIgnoreCase)
                || reply.Text.Contains("unknown subcommand", StringComparison.OrdinalIgnoreCase)
            )
            ? reply.Text
            : null;
    }

    /// <summary>Gives all rights back.</summary>
    /// <returns>What the server said against it, or <see langword="null"/>.</returns>
    public async ValueTask<string?> GiveBackAsync(RespConnection connection, CancellationToken stop)
    {
        var rules = Commands.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] cleared = Selectors.Count == 0 ? [] : ["clearselectors"];
        var reply = await connection.TryCallAsync(
            stop,
            [.. new[] { "ACL", "SETUSER", User }.Concat(rules).Concat(cleared).Concat(Selectors).Select(static word => (RespArgument)word)]
        );
        return reply.IsError ? reply.Text : null;
    }

    /// <summary>Whether the server would let the user write.</summary>
    /// <returns><see langword="null"/> where it cannot say (before 7.0).</returns>
    public async ValueTask<bool?> MayWriteAsync(RespConnection connection, CancellationToken stop)
    {
        var reply = await connection.TryCallAsync(stop, "ACL", "DRYRUN", User, "SET", "keyferry:{probe}", "1");
        // Refused because of the key: the command itself would be let through.
        return reply.IsError ? null : !reply.Text.Contains("permissions to run", StringComparison.Ordinal);
    }

    private static string SelectorText(RespValue selector) =>
        $"({string.Join(' ', SelectorParts.Select(name => selector[name]?.Text ?? "").Where(static text => text.Length > 0))})";
}
