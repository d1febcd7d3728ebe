using Keyferry.Simulation.Server.Commands;

namespace Keyferry.Simulation.Server;

/// <summary>Takes commands out of a client's input, checks whether they may run, and runs them.</summary>
internal sealed class Dispatcher
{
    private readonly SimServer _server;

    public Dispatcher(SimServer server)
    {
        _server = server;
        ConnectionCommands.AddTo(Table);
        AccessCommands.AddTo(Table);
        ClientCommands.AddTo(Table);
        ServerCommands.AddTo(Table);
        KeyCommands.AddTo(Table);
        ExpiryCommands.AddTo(Table);
        PayloadCommands.AddTo(Table);
        ScanCommands.AddTo(Table);
        StringCommands.AddTo(Table);
        CollectionCommands.AddTo(Table);
        SortedSetCommands.AddTo(Table);
        StreamCommands.AddTo(Table);
        StreamGroupCommands.AddTo(Table);
        StreamGroupQueries.AddTo(Table);
        PubSubCommands.AddTo(Table);
        ScriptCommands.AddTo(Table);
        TransactionCommands.AddTo(Table, this);
    }

    /// <summary>Every command.</summary>
    public CommandTable Table { get; } = new();

    /// <summary>Runs what a client has sent.</summary>
    /// <returns>Whether there may be more for the next turn.</returns>
    public bool RunInput(SimClient client, int most)
    {
        for (var done = 0; done < most; done++)
        {
            if (client.IsClosed || client.IsClosing || (_server.Pause.IsOn && IsHeld(client)))
            {
                return false;
            }

            try
            {
                if (!RequestParser.TryTake(client.Input, out var command))
                {
                    return false;
                }

                if (command.Length > 0)
                {
                    _server.Executing(client, command);
                    Run(client, command, privileged: false);
                }
            }
            catch (InvalidDataException broken)
            {
                client.Reply.Error(broken.Message);
                client.IsClosing = true;
            }

            _server.Clients.HasOutput(client);
        }

        return client.Input.Count > 0;
    }

    /// <summary>Runs one command and leaves its reply in the client's output.</summary>
    public void Run(SimClient client, Blob[] command, bool privileged)
    {
        CommandSpec spec;
        try
        {
            spec = Table.Find(command);
            _server.Statistics.Commands++;
            Check(client, spec, command, privileged);
        }
        catch (CommandError refused)
        {
            client.QueueBroken |= client.Queued is not null;
            client.Reply.Error(refused.Message);
            return;
        }

        client.LastCommand = spec.Name;
        if (client.Queued is { } queued && !spec.Is(CommandFlags.Immediate))
        {
            queued.Add((spec, command));
            client.Reply.Simple("QUEUED");
            return;
        }

        try
        {
            Invoke(client, spec, command);
        }
        catch (CommandError error)
        {
            client.Reply.Error(error.Message);
        }
    }

    /// <summary>Runs one checked command.</summary>
    public void Invoke(SimClient client, CommandSpec spec, Blob[] command)
    {
        var (before, selected) = (_server.Current, _server.Keyspace.Selected);
        _server.Current = client;
        _server.Keyspace.Selected = client.Database;
        spec.Calls++;
        try
        {
            spec.Run(new Call(_server, client, command));
            _server.Statistics.Changes += spec.Is(CommandFlags.Write) ? 1 : 0;
        }
        finally
        {
            (_server.Current, _server.Keyspace.Selected) = (before, selected);
        }
    }

    /// <summary>Whether a pause holds the client's next command: it is looked at, and stays.</summary>
    private bool IsHeld(SimClient client)
    {
        var copy = new Network.ByteQueue();
        copy.Add(client.Input.Waiting);
        try
        {
            if (!RequestParser.TryTake(copy, out var command) || command.Length == 0)
            {
                return false;
            }

            var spec = Table.Find(command);
            var flags =
                spec.Name == "exec" && client.Queued is { } queued
                    ? queued.Aggregate(CommandFlags.None, static (all, item) => all | item.Spec.Flags)
                    : spec.Flags;
            return (client.Queued is null || spec.Name == "exec") && _server.Pause.Holds(flags);
        }
        catch (Exception broken) when (broken is CommandError or InvalidDataException)
        {
            return false;
        }
    }

    private void Check(SimClient client, CommandSpec spec, Blob[] command, bool privileged)
    {
        if (privileged)
        {
            return;
        }

        var container = spec.Name.Split('|')[0];
        if (_server.Options.Missing.Contains(spec.Name) || _server.Options.Missing.Contains(container))
        {
            throw spec.Name.Contains('|', StringComparison.Ordinal) && !_server.Options.Missing.Contains(container)
                ? new CommandError($"ERR unknown subcommand '{command[1]}'. Try {container.ToUpperInvariant()} HELP.")
                : CommandTable.Unknown(command);
        }

        if (!client.IsAuthenticated && !spec.Is(CommandFlags.NoAuth))
        {
            throw new CommandError("NOAUTH Authentication required.");
        }

        if (_server.Options.Denied.Contains(spec.Name) || _server.Options.Denied.Contains(container))
        {
            throw new CommandError($"NOPERM this user has no permissions to run the '{spec.Name}' command");
        }

        if (spec.Is(CommandFlags.Write) && !_server.Access.MayWrite(client.User))
        {
            throw new CommandError($"NOPERM User {client.User} has no permissions to run the '{spec.Name}' command");
        }

        CheckState(client, spec);
    }

    private void CheckState(SimClient client, CommandSpec spec)
    {
        if (_server.IsLoading && !spec.Is(CommandFlags.Loading))
        {
            throw new CommandError("LOADING Redis is loading the dataset in memory");
        }

        if (_server.IsReplica && spec.Is(CommandFlags.Write))
        {
            throw new CommandError("READONLY You can't write against a read only replica.");
        }

        if (client is { IsSubscribed: true, Reply.Protocol: < 3 } && !spec.Is(CommandFlags.Subscribed))
        {
            throw new CommandError(
                $"ERR Can't execute '{spec.Name.Split('|')[0]}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
            );
        }

        MakeRoom(spec);
    }

    private void MakeRoom(CommandSpec spec)
    {
        var limit = _server.Configuration.MaxMemory;
        if (limit == 0 || _server.Keyspace.Bytes <= limit)
        {
            return;
        }

        while (_server.Configuration.Evicts && _server.Keyspace.Bytes > limit && _server.Keyspace.Evict(_server.Random))
        {
            continue;
        }

        if (_server.Keyspace.Bytes > limit && spec.Is(CommandFlags.DenyOom))
        {
            throw new CommandError("OOM command not allowed when used memory > 'maxmemory'.");
        }
    }
}
