namespace Keyferry.Simulation.Server.Commands;

/// <summary>DUMP and RESTORE.</summary>
internal static class PayloadCommands
{
    public static void AddTo(CommandTable table)
    {
        table.Add("dump", 2, CommandFlags.None, Dump);
        table.Add("restore", -4, CommandFlags.Write | CommandFlags.DenyOom, Restore);
    }

    private static void Dump(Call call)
    {
        if (call.Keys.Find(call[1]) is { } entry)
        {
            call.Reply.Bulk(call.Server.Payload.Dump(entry.Value));
        }
        else
        {
            call.Reply.Null();
        }
    }

    private static void Restore(Call call)
    {
        var (replace, absolute, idle) = (false, false, 0L);
        for (var i = 4; i < call.Count; i++)
        {
            switch (call[i].ToString().ToUpperInvariant())
            {
                case "REPLACE":
                    replace = true;
                    break;
                case "ABSTTL":
                    absolute = true;
                    break;
                case "IDLETIME":
                    idle = call.Integer(++i);
                    _ = idle < 0 ? throw new CommandError("ERR Invalid IDLETIME value, must be >= 0") : idle;
                    break;
                case "FREQ":
                    _ = call.Integer(++i) is < 0 or > 255 ? throw new CommandError("ERR Invalid FREQ value, must be >= 0 and <= 255") : 0;
                    break;
                default:
                    throw CommandError.Syntax;
            }
        }

        if (!replace && call.Keys.Find(call[1]) is not null)
        {
            throw new CommandError("BUSYKEY Target key name already exists.");
        }

        var ttl = call.Integer(2);
        if (ttl < 0)
        {
            throw new CommandError("ERR Invalid TTL value, must be >= 0");
        }

        Put(
            call,
            ttl == 0 ? null
                : absolute ? ttl
                : ttl + call.Server.Clock,
            idle
        );
        call.Reply.Ok();
    }

    private static void Put(Call call, long? expiresAt, long idleSeconds)
    {
        var value = call.Server.Payload.Restore(call[3].Span);
        var hadKey = call.Keys.Find(call[1]) is not null;
        if (expiresAt <= call.Server.Clock)
        {
            if (hadKey)
            {
                _ = call.Keys[call.Keys.Selected].Remove(call[1]);
                call.Keys.Changed('g', "del", call[1]);
            }

            return;
        }

        _ = call.Keys[call.Keys.Selected].Remove(call[1]);
        var entry = call.Keys.Put(call[1], value, expiresAt);
        entry.UsedAt = call.Server.Clock - (idleSeconds * 1000);
        call.Keys.Changed('g', "restore", call[1]);
    }
}
