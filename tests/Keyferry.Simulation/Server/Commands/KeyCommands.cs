using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>Commands on keys of any type.</summary>
internal static class KeyCommands
{
    public static void AddTo(CommandTable table)
    {
        table.Add("del", -2, CommandFlags.Write, Delete);
        table.Add("unlink", -2, CommandFlags.Write, Delete);
        table.Add("exists", -2, CommandFlags.None, static call => CountFound(call));
        table.Add("touch", -2, CommandFlags.None, static call => CountFound(call));
        table.Add(
            "type",
            2,
            CommandFlags.None,
            static call => call.Reply.Simple(call.Keys.Find(call[1], touch: false)?.Value.TypeName ?? "none")
        );
        table.Add("rename", 3, CommandFlags.Write, static call => Rename(call, onlyNew: false));
        table.Add("renamenx", 3, CommandFlags.Write, static call => Rename(call, onlyNew: true));
        table.Add("move", 3, CommandFlags.Write, Move);
        table.Add("copy", -3, CommandFlags.Write | CommandFlags.DenyOom, Copy);
        table.Add("object|idletime", 3, CommandFlags.None, IdleTime);
        table.Add("object|encoding", 3, CommandFlags.None, Encoding);
        table.Add("memory|usage", -3, CommandFlags.None, MemoryUsage);
    }

    private static void Delete(Call call)
    {
        var deleted = 0;
        for (var i = 1; i < call.Count; i++)
        {
            deleted += call.Keys.Delete(call[i]) ? 1 : 0;
        }

        call.Reply.Integer(deleted);
    }

    private static void CountFound(Call call)
    {
        var found = 0;
        for (var i = 1; i < call.Count; i++)
        {
            found += call.Keys.Find(call[i]) is null ? 0 : 1;
        }

        call.Reply.Integer(found);
    }

    private static void Rename(Call call, bool onlyNew)
    {
        var entry = call.Keys.Find(call[1]) ?? throw CommandError.NoSuchKey;
        var same = call[1] == call[2];
        var taken = call.Keys.Find(call[2]) is not null;
        if (!same && !(onlyNew && taken))
        {
            _ = call.Keys[call.Keys.Selected].Remove(call[1]);
            _ = call.Keys[call.Keys.Selected].Remove(call[2]);
            _ = call.Keys.Put(call[2], entry.Value, entry.ExpiresAt);
            call.Keys.Changed('g', "rename_from", call[1]);
            call.Keys.Changed('g', "rename_to", call[2]);
        }

        if (onlyNew)
        {
            call.Reply.Integer(same || taken ? 0 : 1);
        }
        else
        {
            call.Reply.Ok();
        }
    }

    private static void Move(Call call)
    {
        var target = call.Integer(2);
        var from = call.Keys.Selected;
        if (target < 0 || target >= call.Keys.Count)
        {
            throw new CommandError("ERR DB index is out of range");
        }

        if (target == from)
        {
            throw new CommandError("ERR source and destination objects are the same");
        }

        if (call.Keys.Find(call[1]) is not { } entry || call.Keys.Find(call[1], (int)target) is not null)
        {
            call.Reply.Integer(0);
            return;
        }

        var expiry = entry.ExpiresAt;
        _ = call.Keys[from].Remove(call[1]);
        _ = call.Keys.Put(call[1], entry.Value, expiry, (int)target);
        call.Keys.Changed('g', "move_from", call[1], from);
        call.Keys.Changed('g', "move_to", call[1], (int)target);
        call.Reply.Integer(1);
    }

    private static void Copy(Call call)
    {
        var (database, replace) = (call.Keys.Selected, false);
        for (var i = 3; i < call.Count; i++)
        {
            if (call[i].Is("REPLACE"))
            {
                replace = true;
            }
            else if (call[i].Is("DB"))
            {
                database = (int)call.Integer(++i);
            }
            else
            {
                throw CommandError.Syntax;
            }
        }

        if (call[1] == call[2] && database == call.Keys.Selected)
        {
            throw new CommandError("ERR source and destination objects are the same");
        }

        if (call.Keys.Find(call[1]) is not { } entry || (!replace && call.Keys.Find(call[2], database) is not null))
        {
            call.Reply.Integer(0);
            return;
        }

        _ = call.Keys[database].Remove(call[2]);
        _ = call.Keys.Put(call[2], call.Server.Payload.Restore(call.Server.Payload.Dump(entry.Value)), entry.ExpiresAt, database);
        call.Keys.Changed('g', "copy_to", call[2], database);
        call.Reply.Integer(1);
    }

    private static void IdleTime(Call call)
    {
        if (call.Keys.Find(call[2], touch: false) is { } entry)
        {
            call.Reply.Integer((call.Server.Clock - entry.UsedAt) / 1000);
        }
        else
        {
            call.Reply.Null();
        }
    }

    private static void Encoding(Call call)
    {
        switch (call.Keys.Find(call[2], touch: false)?.Value)
        {
            case null:
                call.Reply.Null();
                break;
            case StringValue text:
                call.Reply.Bulk(
                    long.TryParse(text.Text.ToString(), out _) ? "int"
                    : text.Text.Length <= 44 ? "embstr"
                    : "raw"
                );
                break;
            case ListValue:
                call.Reply.Bulk("quicklist");
                break;
            case StreamValue:
                call.Reply.Bulk("stream");
                break;
            case SortedSetValue scores:
                call.Reply.Bulk(scores.Members.Count <= ScanCommands.SmallValue ? "listpack" : "skiplist");
                break;
            case HashValue hash:
                call.Reply.Bulk(hash.Fields.Count <= ScanCommands.SmallValue ? "listpack" : "hashtable");
                break;
            default:
                call.Reply.Bulk("hashtable");
                break;
        }
    }

    private static void MemoryUsage(Call call)
    {
        if (call.Keys.Find(call[2], touch: false) is { } entry)
        {
            call.Reply.Integer(entry.Bytes + 48);
        }
        else
        {
            call.Reply.Null();
        }
    }
}
