using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>Streams, without their groups.</summary>
internal static class StreamCommands
{
    public static void AddTo(CommandTable table)
    {
        table.Add("xadd", -5, CommandFlags.Write | CommandFlags.DenyOom, Add);
        table.Add("xdel", -3, CommandFlags.Write, Delete);
        table.Add("xtrim", -4, CommandFlags.Write, Trim);
        table.Add("xsetid", -3, CommandFlags.Write | CommandFlags.DenyOom, SetId);
        table.Add(
            "xlen",
            2,
            CommandFlags.None,
            static call => call.Reply.Integer(call.Keys.Find<StreamValue>(call[1])?.Entries.Count ?? 0)
        );
        table.Add("xrange", -4, CommandFlags.None, Range);
        table.Add("xinfo|stream", -3, CommandFlags.None, Info);
    }

    /// <summary>Writes one entry.</summary>
    public static void Write(ReplyWriter reply, StreamId id, IReadOnlyCollection<Blob> fields)
    {
        reply.Array(2);
        reply.Bulk(id.ToString());
        reply.Bulks(fields);
    }

    private static void Add(Call call)
    {
        var (at, make, most) = (2, true, (long?)null);
        for (; call[at].Is("NOMKSTREAM") || call[at].Is("MAXLEN"); at++)
        {
            if (call[at].Is("NOMKSTREAM"))
            {
                make = false;
                continue;
            }

            at += call[at + 1].Is("=") || call[at + 1].Is("~") ? 2 : 1;
            most = call.Integer(at);
        }

        if (call.Count - at < 3 || (call.Count - at) % 2 == 0)
        {
            throw new CommandError("ERR wrong number of arguments for 'xadd' command");
        }

        if (!make && call.Keys.Find<StreamValue>(call[1]) is null)
        {
            call.Reply.Null();
            return;
        }

        var id = NextId(call, call[at].ToString(), call.Keys.Find<StreamValue>(call[1])?.LastId ?? default);
        var stream = call.Keys.FindOrAdd(call[1], static () => new StreamValue());
        stream.Entries.Add(id, call.Arguments[(at + 1)..].ToArray());
        stream.LastId = id;
        stream.EntriesAdded++;
        call.Keys.Changed('t', "xadd", call[1]);
        if (most is { } length && Shorten(stream, length) > 0)
        {
            call.Keys.Changed('t', "xtrim", call[1]);
        }

        call.Reply.Bulk(id.ToString());
    }

    private static StreamId NextId(Call call, string text, StreamId last)
    {
        if (text == "*")
        {
            var now = new StreamId((ulong)call.Server.Clock, 0);
            return now > last ? now : last.Next;
        }

        var id = text.EndsWith("-*", StringComparison.Ordinal)
            ? StreamId.Parse(text[..^2], 0) is var wanted && wanted.Ms == last.Ms
                ? last.Next
                : wanted
            : StreamId.Parse(text, 0);
        if (id == default)
        {
            throw new CommandError("ERR The ID specified in XADD must be greater than 0-0");
        }

        return id > last ? id : throw new CommandError("ERR The ID specified in XADD is equal or smaller than the target stream top item");
    }

    private static int Shorten(StreamValue stream, long most)
    {
        var removed = 0;
        for (; stream.Entries.Count > most; removed++)
        {
            stream.Entries.RemoveAt(0);
        }

        return removed;
    }

    private static void Delete(Call call)
    {
        var stream = call.Keys.Find<StreamValue>(call[1]);
        var removed = 0;
        for (var i = 2; i < call.Count; i++)
        {
            var id = StreamId.Parse(call[i].ToString(), 0);
            if (stream?.Entries.Remove(id) == true)
            {
                removed++;
                stream.MaxDeletedId = id > stream.MaxDeletedId ? id : stream.MaxDeletedId;
            }
        }

        if (removed > 0)
        {
            call.Keys.Changed('t', "xdel", call[1]);
        }

        call.Reply.Integer(removed);
    }

    private static void Trim(Call call)
    {
        if (!call[2].Is("MAXLEN"))
        {
            throw CommandError.Syntax;
        }

        var at = call[3].Is("=") || call[3].Is("~") ? 4 : 3;
        var removed = call.Keys.Find<StreamValue>(call[1]) is { } stream ? Shorten(stream, call.Integer(at)) : 0;
        if (removed > 0)
        {
            call.Keys.Changed('t', "xtrim", call[1]);
        }

        call.Reply.Integer(removed);
    }

    private static void SetId(Call call)
    {
        var stream = call.Keys.Find<StreamValue>(call[1]) ?? throw CommandError.NoSuchKey;
        var id = StreamId.Parse(call[2].ToString(), 0);
        if (stream.Entries.Count > 0 && id < stream.Entries.Keys[^1])
        {
            throw new CommandError("ERR The ID specified in XSETID is smaller than the target stream top item");
        }

        stream.LastId = id;
        for (var i = 3; i + 1 < call.Count; i += 2)
        {
            if (call[i].Is("ENTRIESADDED"))
            {
                stream.EntriesAdded = call.Integer(i + 1);
            }
            else if (call[i].Is("MAXDELETEDID"))
            {
                stream.MaxDeletedId = StreamId.Parse(call[i + 1].ToString(), 0);
            }
            else
            {
                throw CommandError.Syntax;
            }
        }

        call.Keys.Tell('t', "xsetid", call[1]);
        call.Reply.Ok();
    }

    private static void Range(Call call)
    {
        var (from, to) = (Bound(call[2].ToString(), 0), Bound(call[3].ToString(), ulong.MaxValue));
        var most = call.Count > 5 && call[4].Is("COUNT") ? call.Integer(5) : long.MaxValue;
        var found = (call.Keys.Find<StreamValue>(call[1])?.Entries ?? [])
            .Where(entry => entry.Key >= from && entry.Key <= to)
            .Take((int)Math.Min(int.MaxValue, most))
            .ToList();
        call.Reply.Array(found.Count);
        foreach (var (id, fields) in found)
        {
            Write(call.Reply, id, fields);
        }
    }

    private static StreamId Bound(string text, ulong missingSequence) =>
        text switch
        {
            "-" => default,
            "+" => StreamId.Largest,
            _ when text[0] == '(' => StreamId.Parse(text[1..], missingSequence) is var open && missingSequence == 0 ? open.Next
            : open.Sequence > 0 ? new(open.Ms, open.Sequence - 1)
            : new(open.Ms - 1, ulong.MaxValue),
            _ => StreamId.Parse(text, missingSequence),
        };

    private static void Info(Call call)
    {
        var stream = call.Keys.Find<StreamValue>(call[2]) ?? throw CommandError.NoSuchKey;
        if (call.Count > 3)
        {
            throw new CommandError("ERR XINFO STREAM FULL is not simulated");
        }

        var reply = call.Reply;
        reply.Map(10);
        Pair(reply, "length", stream.Entries.Count);
        Pair(reply, "radix-tree-keys", stream.Entries.Count == 0 ? 0 : 1);
        Pair(reply, "radix-tree-nodes", stream.Entries.Count == 0 ? 1 : 2);
        reply.Bulk("last-generated-id");
        reply.Bulk(stream.LastId.ToString());
        reply.Bulk("max-deleted-entry-id");
        reply.Bulk(stream.MaxDeletedId.ToString());
        Pair(reply, "entries-added", stream.EntriesAdded);
        reply.Bulk("recorded-first-entry-id");
        reply.Bulk((stream.Entries.Count > 0 ? stream.Entries.Keys[0] : default).ToString());
        Pair(reply, "groups", stream.Groups.Count);
        reply.Bulk("first-entry");
        Edge(reply, stream, 0);
        reply.Bulk("last-entry");
        Edge(reply, stream, stream.Entries.Count - 1);
    }

    private static void Pair(ReplyWriter reply, string name, long value)
    {
        reply.Bulk(name);
        reply.Integer(value);
    }

    private static void Edge(ReplyWriter reply, StreamValue stream, int index)
    {
        if (stream.Entries.Count == 0)
        {
            reply.Null();
        }
        else
        {
            Write(reply, stream.Entries.Keys[index], stream.Entries.Values[index]);
        }
    }
}
