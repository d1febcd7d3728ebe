using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>Hashes, sets and lists.</summary>
internal static class CollectionCommands
{
    private const CommandFlags Write = CommandFlags.Write | CommandFlags.DenyOom;

    public static void AddTo(CommandTable table)
    {
        table.Add("hset", -4, Write, HashSet);
        table.Add("hdel", -3, CommandFlags.Write, HashDelete);
        table.Add("hget", 3, CommandFlags.None, HashGet);
        table.Add("hgetall", 2, CommandFlags.None, HashGetAll);
        table.Add("hlen", 2, CommandFlags.None, static call => call.Reply.Integer(call.Keys.Find<HashValue>(call[1])?.Fields.Count ?? 0));
        table.Add("sadd", -3, Write, SetAdd);
        table.Add("srem", -3, CommandFlags.Write, SetRemove);
        table.Add("scard", 2, CommandFlags.None, static call => call.Reply.Integer(call.Keys.Find<SetValue>(call[1])?.Members.Count ?? 0));
        table.Add("smembers", 2, CommandFlags.None, SetMembers);
        table.Add("sismember", 3, CommandFlags.None, SetContains);
        table.Add("rpush", -3, Write, static call => Push(call, atEnd: true));
        table.Add("lpush", -3, Write, static call => Push(call, atEnd: false));
        table.Add("rpop", -2, CommandFlags.Write, static call => Pop(call, atEnd: true));
        table.Add("lpop", -2, CommandFlags.Write, static call => Pop(call, atEnd: false));
        table.Add("llen", 2, CommandFlags.None, static call => call.Reply.Integer(call.Keys.Find<ListValue>(call[1])?.Items.Count ?? 0));
        table.Add("lrange", 4, CommandFlags.None, Range);
    }

    /// <summary>Redis's index arithmetic: negative counts from the end; what lies outside is cut off.</summary>
    public static (int From, int Count) Slice(long from, long to, int length)
    {
        from = Math.Max(0, from < 0 ? from + length : from);
        to = Math.Min(length - 1, to < 0 ? to + length : to);
        return from > to || from >= length ? (0, 0) : ((int)from, (int)(to - from + 1));
    }

    private static void HashSet(Call call)
    {
        if (call.Count % 2 != 0)
        {
            throw new CommandError("ERR wrong number of arguments for 'hset' command");
        }

        var hash = call.Keys.FindOrAdd(call[1], () => new HashValue(call.Keys.Seed));
        var added = 0;
        for (var i = 2; i < call.Count; i += 2)
        {
            added += hash.Fields.Set(call[i], call[i + 1]) ? 1 : 0;
        }

        call.Keys.Changed('h', "hset", call[1]);
        call.Reply.Integer(added);
    }

    private static void HashDelete(Call call)
    {
        var hash = call.Keys.Find<HashValue>(call[1]);
        var removed = 0;
        for (var i = 2; i < call.Count; i++)
        {
            removed += hash?.Fields.Remove(call[i]) == true ? 1 : 0;
        }

        Settle(call, removed, 'h', "hdel");
    }

    private static void HashGet(Call call)
    {
        if (call.Keys.Find<HashValue>(call[1]) is { } hash && hash.Fields.TryGet(call[2], out var value))
        {
            call.Reply.Bulk(value);
        }
        else
        {
            call.Reply.Null();
        }
    }

    private static void HashGetAll(Call call)
    {
        var fields = call.Keys.Find<HashValue>(call[1])?.Fields;
        call.Reply.Map(fields?.Count ?? 0);
        foreach (var (field, value) in fields ?? new ScanTable<Blob>(0))
        {
            call.Reply.Bulk(field);
            call.Reply.Bulk(value);
        }
    }

    private static void SetAdd(Call call)
    {
        var set = call.Keys.FindOrAdd(call[1], () => new SetValue(call.Keys.Seed));
        var added = 0;
        for (var i = 2; i < call.Count; i++)
        {
            added += set.Members.Set(call[i], value: true) ? 1 : 0;
        }

        if (added > 0)
        {
            call.Keys.Changed('s', "sadd", call[1]);
        }

        call.Reply.Integer(added);
    }

    private static void SetRemove(Call call)
    {
        var set = call.Keys.Find<SetValue>(call[1]);
        var removed = 0;
        for (var i = 2; i < call.Count; i++)
        {
            removed += set?.Members.Remove(call[i]) == true ? 1 : 0;
        }

        Settle(call, removed, 's', "srem");
    }

    private static void SetMembers(Call call)
    {
        var members = call.Keys.Find<SetValue>(call[1])?.Members;
        call.Reply.Set(members?.Count ?? 0);
        foreach (var member in members?.Names ?? [])
        {
            call.Reply.Bulk(member);
        }
    }

    private static void SetContains(Call call) =>
        call.Reply.Integer(call.Keys.Find<SetValue>(call[1])?.Members.Contains(call[2]) == true ? 1 : 0);

    /// <summary>Ends a removal: tells of it, and drops the key if it was the last member.</summary>
    private static void Settle(Call call, int removed, char type, string operation)
    {
        if (removed > 0)
        {
            call.Keys.Changed(type, operation, call[1]);
            call.Keys.DropIfEmpty(call[1]);
        }

        call.Reply.Integer(removed);
    }

    private static void Push(Call call, bool atEnd)
    {
        var list = call.Keys.FindOrAdd(call[1], static () => new ListValue());
        for (var i = 2; i < call.Count; i++)
        {
            list.Items.Insert(atEnd ? list.Items.Count : 0, call[i]);
        }

        call.Keys.Changed('l', atEnd ? "rpush" : "lpush", call[1]);
        call.Reply.Integer(list.Items.Count);
    }

    private static void Pop(Call call, bool atEnd)
    {
        var list = call.Keys.Find<ListValue>(call[1]);
        var wanted = call.Count > 2 ? call.Integer(2) : 1;
        if (list is null)
        {
            if (call.Count > 2)
            {
                call.Reply.NullArray();
            }
            else
            {
                call.Reply.Null();
            }

            return;
        }

        var count = (int)Math.Min(wanted, list.Items.Count);
        var taken = list.Items.GetRange(atEnd ? list.Items.Count - count : 0, count);
        list.Items.RemoveRange(atEnd ? list.Items.Count - count : 0, count);
        if (atEnd)
        {
            taken.Reverse();
        }

        if (call.Count > 2)
        {
            call.Reply.Bulks(taken);
        }
        else
        {
            call.Reply.Bulk(taken[0]);
        }

        if (count > 0)
        {
            call.Keys.Changed('l', atEnd ? "rpop" : "lpop", call[1]);
            call.Keys.DropIfEmpty(call[1]);
        }
    }

    private static void Range(Call call)
    {
        var items = call.Keys.Find<ListValue>(call[1])?.Items ?? [];
        var (from, count) = Slice(call.Integer(2), call.Integer(3), items.Count);
        call.Reply.Bulks(items.GetRange(from, count));
    }
}
