namespace Keyferry.Traffic.Writing;

/// <summary>What the writer did.</summary>
public sealed class WriteTally
{
    private readonly SortedDictionary<string, long> _commands = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _refusals = new(StringComparer.Ordinal);

    /// <summary>Writes that the server accepted; a transaction counts once.</summary>
    public long Accepted { get; private set; }

    /// <summary>Writes that the server refused, for a wrong type or a key that is not there.</summary>
    public long Refused { get; private set; }

    /// <summary>Writes whose answer was lost with the connection.</summary>
    public long Lost { get; private set; }

    /// <summary>Accepted commands by name, those within transactions included.</summary>
    public IReadOnlyDictionary<string, long> Commands => _commands;

    /// <summary>Refused writes by the first word of the server's error and the command.</summary>
    public IReadOnlyDictionary<string, long> Refusals => _refusals;

    internal void Accept(WriteOp op)
    {
        Accepted++;
        foreach (var command in op.Commands)
        {
            _commands[command.Name] = _commands.GetValueOrDefault(command.Name) + 1;
        }
    }

    internal void Refuse(WriteOp op, string error)
    {
        Refused++;
        string reason = $"{error.Split(' ', 2)[0]} {op.Commands[0].Name}";
        _refusals[reason] = _refusals.GetValueOrDefault(reason) + 1;
    }

    internal void Lose() => Lost++;
}
