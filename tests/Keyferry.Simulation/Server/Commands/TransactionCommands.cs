namespace Keyferry.Simulation.Server.Commands;

/// <summary>MULTI and EXEC.</summary>
internal static class TransactionCommands
{
    public static void AddTo(CommandTable table, Dispatcher dispatcher)
    {
        table.Add("multi", 1, CommandFlags.Loading | CommandFlags.Immediate, Multi);
        table.Add("exec", 1, CommandFlags.Loading | CommandFlags.Immediate, call => Exec(call, dispatcher));
        table.Add("discard", 1, CommandFlags.Loading | CommandFlags.Immediate, Discard);
    }

    private static void Multi(Call call)
    {
        call.Client.Queued = call.Client.Queued is null ? [] : throw new CommandError("ERR MULTI calls can not be nested");
        call.Reply.Ok();
    }

    private static void Discard(Call call)
    {
        _ = call.Client.Queued ?? throw new CommandError("ERR DISCARD without MULTI");
        (call.Client.Queued, call.Client.QueueBroken) = (null, false);
        call.Reply.Ok();
    }

    private static void Exec(Call call, Dispatcher dispatcher)
    {
        var queued = call.Client.Queued ?? throw new CommandError("ERR EXEC without MULTI");
        var broken = call.Client.QueueBroken;
        (call.Client.Queued, call.Client.QueueBroken) = (null, false);
        if (broken)
        {
            throw new CommandError("EXECABORT Transaction discarded because of previous errors.");
        }

        call.Reply.Array(queued.Count);
        foreach (var (spec, arguments) in queued)
        {
            try
            {
                dispatcher.Invoke(call.Client, spec, arguments);
            }
            catch (CommandError error)
            {
                call.Reply.Error(error.Message);
            }
        }
    }
}
