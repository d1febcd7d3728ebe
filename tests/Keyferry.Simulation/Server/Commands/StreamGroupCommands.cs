using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>Consumer groups. Reading, claiming and acknowledging raise no event, which is why a migration has to look for them.</summary>
internal static class StreamGroupCommands
{
    public static void AddTo(CommandTable table)
    {
        table.Add("xgroup|create", -5, CommandFlags.Write | CommandFlags.DenyOom, Create);
        table.Add("xgroup|setid", -5, CommandFlags.Write, SetId);
        table.Add("xgroup|destroy", 4, CommandFlags.Write, Destroy);
        table.Add("xgroup|createconsumer", 5, CommandFlags.Write | CommandFlags.DenyOom, CreateConsumer);
        table.Add("xgroup|delconsumer", 5, CommandFlags.Write, DeleteConsumer);
        table.Add("xreadgroup", -7, CommandFlags.Write, Read);
        table.Add("xack", -4, CommandFlags.Write, Acknowledge);
        table.Add("xclaim", -6, CommandFlags.Write, Claim);
    }

    private static StreamValue StreamOf(Call call, int index) =>
        call.Keys.Find<StreamValue>(call[index])
        ?? throw new CommandError(
            "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
        );

    /// <exception cref="CommandError">There is no such group.</exception>
    public static ConsumerGroup GroupOf(Call call, StreamValue? stream, Blob key, Blob group) =>
        stream?.Groups.GetValueOrDefault(group) ?? throw new CommandError($"NOGROUP No such consumer group '{group}' for key name '{key}'");

    private static void Create(Call call)
    {
        var (make, read) = (false, (long?)null);
        for (var i = 5; i < call.Count; i++)
        {
            if (call[i].Is("MKSTREAM"))
            {
                make = true;
            }
            else
            {
                read = call[i].Is("ENTRIESREAD") ? call.Integer(++i) : throw CommandError.Syntax;
            }
        }

        var isNew = make && call.Keys.Find<StreamValue>(call[2]) is null;
        var stream = isNew ? call.Keys.FindOrAdd(call[2], static () => new StreamValue()) : StreamOf(call, 2);
        if (stream.Groups.ContainsKey(call[3]))
        {
            throw new CommandError("BUSYGROUP Consumer Group name already exists");
        }

        stream.Groups.Add(call[3], new ConsumerGroup { LastDelivered = IdOf(call, 4, stream), EntriesRead = read < 0 ? null : read });
        if (isNew)
        {
            call.Keys.Changed('t', "xgroup-create", call[2]);
        }
        else
        {
            call.Keys.Tell('t', "xgroup-create", call[2]);
        }

        call.Reply.Ok();
    }

    private static StreamId IdOf(Call call, int index, StreamValue stream) =>
        call[index].Is("$") ? stream.LastId : StreamId.Parse(call[index].ToString(), 0);

    private static void SetId(Call call)
    {
        var stream = StreamOf(call, 2);
        var group = GroupOf(call, stream, call[2], call[3]);
        group.LastDelivered = IdOf(call, 4, stream);
        group.EntriesRead = call.Count > 6 && call[5].Is("ENTRIESREAD") && call.Integer(6) >= 0 ? call.Integer(6) : null;
        call.Keys.Tell('t', "xgroup-setid", call[2]);
        call.Reply.Ok();
    }

    private static void Destroy(Call call)
    {
        var destroyed = StreamOf(call, 2).Groups.Remove(call[3]);
        if (destroyed)
        {
            call.Keys.Tell('t', "xgroup-destroy", call[2]);
        }

        call.Reply.Integer(destroyed ? 1 : 0);
    }

    private static void CreateConsumer(Call call)
    {
        var created = AddConsumer(call, GroupOf(call, StreamOf(call, 2), call[2], call[3]), call[2], call[4]);
        call.Reply.Integer(created ? 1 : 0);
    }

    private static bool AddConsumer(Call call, ConsumerGroup group, Blob key, Blob consumer)
    {
        var isNew = group.Consumers.TryAdd(consumer, call.Server.Clock);
        group.Consumers[consumer] = call.Server.Clock;
        if (isNew)
        {
            call.Keys.Tell('t', "xgroup-createconsumer", key);
        }

        return isNew;
    }

    private static void DeleteConsumer(Call call)
    {
        var group = GroupOf(call, StreamOf(call, 2), call[2], call[3]);
        var pending = group.Pending.Where(item => item.Value.Consumer == call[4]).Select(static item => item.Key).ToList();
        if (group.Consumers.Remove(call[4]))
        {
            pending.ForEach(id => group.Pending.Remove(id));
            call.Keys.Tell('t', "xgroup-delconsumer", call[2]);
        }

        call.Reply.Integer(pending.Count);
    }

    private static void Read(Call call)
    {
        var (at, most, keep) = (4, long.MaxValue, true);
        for (; !call[at].Is("STREAMS"); at++)
        {
            if (call[at].Is("COUNT"))
            {
                most = call.Integer(++at);
            }
            else
            {
                keep = call[at].Is("NOACK") ? false : throw CommandError.Syntax;
            }
        }

        var keys = (call.Count - at - 1) / 2;
        var found = new List<(Blob Key, List<(StreamId Id, Blob[]? Fields)> Entries)>();
        for (var i = 0; i < keys; i++)
        {
            var (key, from) = (call[at + 1 + i], call[at + 1 + keys + i]);
            if (call.Keys.Find<StreamValue>(key) is not { } stream || !stream.Groups.TryGetValue(call[2], out var group))
            {
                throw new CommandError($"NOGROUP No such key '{key}' or consumer group '{call[2]}' in XREADGROUP with GROUP option");
            }

            _ = AddConsumer(call, group, key, call[3]);
            var entries = from.Is(">")
                ? Deliver(call, stream, group, most, keep)
                : History(call, stream, group, StreamId.Parse(from.ToString(), 0), most);
            if (entries.Count > 0 || !from.Is(">"))
            {
                found.Add((key, entries));
            }
        }

        WriteRead(call.Reply, found);
    }

    private static void WriteRead(ReplyWriter reply, List<(Blob Key, List<(StreamId Id, Blob[]? Fields)> Entries)> found)
    {
        if (found.Count == 0)
        {
            reply.NullArray();
            return;
        }

        if (reply.Protocol < 3)
        {
            reply.Array(found.Count);
        }
        else
        {
            reply.Map(found.Count);
        }

        foreach (var (key, entries) in found)
        {
            if (reply.Protocol < 3)
            {
                reply.Array(2);
            }

            reply.Bulk(key);
            reply.Array(entries.Count);
            foreach (var (id, fields) in entries)
            {
                reply.Array(2);
                reply.Bulk(id.ToString());
                if (fields is null)
                {
                    reply.NullArray();
                }
                else
                {
                    reply.Bulks(fields);
                }
            }
        }
    }

    private static List<(StreamId Id, Blob[]? Fields)> Deliver(Call call, StreamValue stream, ConsumerGroup group, long most, bool keep)
    {
        var entries = stream.Entries.Where(entry => entry.Key > group.LastDelivered).Take((int)Math.Min(int.MaxValue, most)).ToList();
        foreach (var (id, _) in entries)
        {
            group.EntriesRead = group.EntriesRead + 1 ?? (group.LastDelivered == default ? 1 : null);
            group.LastDelivered = id;
            if (keep)
            {
                group.Pending[id] = new PendingEntry
                {
                    Consumer = call[3],
                    DeliveredAt = call.Server.Clock,
                    Deliveries = 1,
                };
            }
        }

        return [.. entries.Select(static entry => (entry.Key, (Blob[]?)entry.Value))];
    }

    private static List<(StreamId Id, Blob[]? Fields)> History(Call call, StreamValue stream, ConsumerGroup group, StreamId from, long most)
    {
        var mine = group
            .Pending.Where(item => item.Key > from && item.Value.Consumer == call[3])
            .Take((int)Math.Min(int.MaxValue, most))
            .ToList();
        mine.ForEach(item =>
        {
            item.Value.Deliveries++;
            item.Value.DeliveredAt = call.Server.Clock;
        });
        return [.. mine.Select(item => (item.Key, stream.Entries.GetValueOrDefault(item.Key)))];
    }

    private static void Acknowledge(Call call)
    {
        var group = call.Keys.Find<StreamValue>(call[1])?.Groups.GetValueOrDefault(call[2]);
        var acknowledged = 0;
        for (var i = 3; i < call.Count; i++)
        {
            acknowledged += group?.Pending.Remove(StreamId.Parse(call[i].ToString(), 0)) == true ? 1 : 0;
        }

        call.Reply.Integer(acknowledged);
    }

    private static void Claim(Call call)
    {
        var stream = call.Keys.Find<StreamValue>(call[1]);
        var group = GroupOf(call, stream, call[1], call[2]);
        var options = ClaimOptions.Read(call);
        var claimed = new List<StreamId>();
        foreach (var id in options.Ids)
        {
            var pending = group.Pending.GetValueOrDefault(id);
            if (pending is null ? !options.Force : call.Server.Clock - pending.DeliveredAt < call.Integer(4))
            {
                continue;
            }

            group.Pending[id] = new PendingEntry
            {
                Consumer = call[3],
                DeliveredAt = options.Time ?? call.Server.Clock,
                Deliveries = options.Count ?? ((pending?.Deliveries ?? 0) + (options.JustId ? 0 : 1)),
            };
            claimed.Add(id);
        }

        if (options.LastId is { } last && last > group.LastDelivered)
        {
            group.LastDelivered = last;
        }

        _ = AddConsumer(call, group, call[1], call[3]);
        call.Reply.Array(claimed.Count);
        foreach (var id in claimed)
        {
            if (options.JustId)
            {
                call.Reply.Bulk(id.ToString());
            }
            else
            {
                StreamCommands.Write(call.Reply, id, stream?.Entries.GetValueOrDefault(id) ?? []);
            }
        }
    }

    /// <summary>The options of XCLAIM.</summary>
    private sealed class ClaimOptions
    {
        public List<StreamId> Ids { get; } = [];

        public bool Force { get; private set; }

        public bool JustId { get; private set; }

        public long? Time { get; private set; }

        public long? Count { get; private set; }

        public StreamId? LastId { get; private set; }

        public static ClaimOptions Read(Call call)
        {
            var options = new ClaimOptions();
            for (var i = 5; i < call.Count; i++)
            {
                switch (call[i].ToString().ToUpperInvariant())
                {
                    case "FORCE":
                        options.Force = true;
                        break;
                    case "JUSTID":
                        options.JustId = true;
                        break;
                    case "TIME":
                        options.Time = call.Integer(++i);
                        break;
                    case "IDLE":
                        options.Time = call.Server.Clock - call.Integer(++i);
                        break;
                    case "RETRYCOUNT":
                        options.Count = call.Integer(++i);
                        break;
                    case "LASTID":
                        options.LastId = StreamId.Parse(call[++i].ToString(), 0);
                        break;
                    default:
                        options.Ids.Add(StreamId.Parse(call[i].ToString(), 0));
                        break;
                }
            }

            return options;
        }
    }
}
