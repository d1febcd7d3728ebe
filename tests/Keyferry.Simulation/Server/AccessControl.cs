namespace Keyferry.Simulation.Server;

/// <summary>The ACL users of a server, as far as they matter to a fence: which exist, and which may write. Not saved: a restart begins with the rules of the start.</summary>
internal sealed class AccessControl
{
    /// <summary>Who may do everything, and needs no password.</summary>
    public const string Default = "default";

    private readonly Dictionary<string, string> _rules = new(StringComparer.Ordinal);

    public AccessControl(IEnumerable<string> applications)
    {
        foreach (var user in applications.Append(Default))
        {
            _rules[user] = "+@all";
        }
    }

    /// <summary>Their names.</summary>
    public IReadOnlyCollection<string> Users => _rules.Keys;

    /// <summary>The command rules of a user, as <c>ACL GETUSER</c> tells them; <see langword="null"/> where there is none.</summary>
    public string? RulesOf(string user) => _rules.GetValueOrDefault(user);

    /// <summary>Whether a user may run commands that write.</summary>
    public bool MayWrite(string user) => RulesOf(user) == "+@all";

    /// <summary>Applies one rule of <c>ACL SETUSER</c>.</summary>
    /// <exception cref="CommandError">This server does not know it.</exception>
    public void Apply(string user, string rule) =>
        _rules[user] = rule switch
        {
            "+@all" => "+@all",
            "-@write" => "+@all -@write",
            _ => throw new CommandError($"ERR Error in ACL SETUSER modifier '{rule}': Syntax error"),
        };
}
