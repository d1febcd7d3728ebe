namespace Keyferry.Simulation.Server;

/// <summary>What the server has to know of a command before it runs it.</summary>
[Flags]
internal enum CommandFlags
{
    None = 0,

    /// <summary>Changes data: refused on replicas, held by a write pause.</summary>
    Write = 1,

    /// <summary>Refused above the memory limit.</summary>
    DenyOom = 2,

    /// <summary>Answered while data is being loaded.</summary>
    Loading = 4,

    /// <summary>Allowed on a subscribed RESP2 connection.</summary>
    Subscribed = 8,

    /// <summary>Allowed before logging in.</summary>
    NoAuth = 16,

    /// <summary>Held by a write pause though it changes no data.</summary>
    MayReplicate = 32,

    /// <summary>Run at once inside MULTI.</summary>
    Immediate = 64,
}

/// <summary>A command of the table.</summary>
/// <param name="Name">In lower case; <c>config|set</c> for a subcommand.</param>
/// <param name="Arity">Arguments with the name; negative for at least so many.</param>
/// <param name="Flags">See there.</param>
/// <param name="Run">Does it and writes the reply.</param>
internal sealed record CommandSpec(string Name, int Arity, CommandFlags Flags, Action<Call> Run)
{
    /// <summary>How often it ran.</summary>
    public long Calls { get; set; }

    /// <summary>Whether it has any of these flags.</summary>
    public bool Is(CommandFlags any) => (Flags & any) != CommandFlags.None;
}

/// <summary>The commands by name.</summary>
internal sealed class CommandTable
{
    private readonly Dictionary<string, CommandSpec> _commands = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _containers = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>All commands that ran at least once.</summary>
    public IEnumerable<CommandSpec> Used => _commands.Values.Where(static command => command.Calls > 0);

    public void Add(string name, int arity, CommandFlags flags, Action<Call> run)
    {
        _commands[name] = new CommandSpec(name, arity, flags, run);
        if (name.Contains('|', StringComparison.Ordinal))
        {
            _ = _containers.Add(name.Split('|')[0]);
        }
    }

    /// <summary>Forgets the counts (a restart, CONFIG RESETSTAT).</summary>
    public void ResetCalls()
    {
        foreach (var command in _commands.Values)
        {
            command.Calls = 0;
        }
    }

    /// <summary>Finds the command that the arguments name.</summary>
    /// <exception cref="CommandError">There is none, or the number of arguments is wrong.</exception>
    public CommandSpec Find(Blob[] command)
    {
        var name = command[0].ToString();
        if (_containers.Contains(name))
        {
            if (command.Length < 2)
            {
                throw new CommandError($"ERR wrong number of arguments for '{name.ToLowerInvariant()}' command");
            }

            return CheckArity(
                command,
                _commands.GetValueOrDefault($"{name}|{command[1]}")
                    ?? throw new CommandError($"ERR unknown subcommand '{command[1]}'. Try {name.ToUpperInvariant()} HELP.")
            );
        }

        return CheckArity(command, _commands.GetValueOrDefault(name) ?? throw Unknown(command));
    }

    /// <summary>The error for a command that the server does not have.</summary>
    public static CommandError Unknown(Blob[] command) =>
        new(
            $"ERR unknown command '{command[0]}', with args beginning with: "
                + string.Concat(command.Skip(1).Take(20).Select(static argument => $"'{argument}' "))
        );

    private static CommandSpec CheckArity(Blob[] command, CommandSpec spec) =>
        spec.Arity >= 0
            ? command.Length == spec.Arity
                ? spec
                : throw Wrong(spec)
            : command.Length >= -spec.Arity
                ? spec
                : throw Wrong(spec);

    private static CommandError Wrong(CommandSpec spec) => new($"ERR wrong number of arguments for '{spec.Name}' command");
}
