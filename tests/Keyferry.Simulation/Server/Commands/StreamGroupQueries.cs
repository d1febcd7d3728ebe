using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>Asking about consumer groups.</summary>
internal static class StreamGroupQueries
{
    public static void AddTo(CommandTable table)
    {
        table.Add("xinfo|groups", 3, CommandFlags.None, InfoGroups);
        table.Add("xinfo|consumers", 4, CommandFlags.None, InfoConsumers);
        table.Add("xpending", -3, CommandFlags.None, Pending);
    }

    private static void InfoGroups(Call call)
    {
        var stream = call.Keys.Find<StreamValue>(call[2]) ?? throw CommandError.NoSuchKey;
        call.Reply.Array(stream.Groups.Count);
        foreach (var (name, group) in stream.Groups)
        {
            call.Reply.Map(6);
            call.Reply.Bulk("name");
            call.Reply.Bulk(name);
            call.Reply.Bulk("consumers");
            call.Reply.Integer(group.Consumers.Count);
            call.Reply.Bulk("pending");
            call.Reply.Integer(group.Pending.Count);
            call.Reply.Bulk("last-delivered-id");
            call.Reply.Bulk(group.LastDelivered.ToString());
            call.Reply.Bulk("entries-read");
            IntegerOrNull(call.Reply, group.EntriesRead);
            call.Reply.Bulk("lag");
            IntegerOrNull(call.Reply, stream.EntriesAdded - group.EntriesRead);
        }
    }

    private static void IntegerOrNull(ReplyWriter reply, long? number)
    {
        if (number is { } known)
        {
            reply.Integer(known);
        }
        else
        {
            reply.Null();
        }
    }

    private static void InfoConsumers(Call call)
    {
        var stream = call.Keys.Find<StreamValue>(call[2]) ?? throw CommandError.NoSuchKey;
        var group = StreamGroupCommands.GroupOf(call, stream, call[2], call[3]);
        call.Reply.Array(group.Consumers.Count);
        foreach (var (name, seen) in group.Consumers)
        {
            call.Reply.Map(3);
            call.Reply.Bulk("name");
            call.Reply.Bulk(name);
            call.Reply.Bulk("pending");
            call.Reply.Integer(group.Pending.Values.Count(item => item.Consumer == name));
            call.Reply.Bulk("idle");
            call.Reply.Integer(call.Server.Clock - seen);
        }
    }

    private static void Pending(Call call)
    {
        var group =
            call.Keys.Find<StreamValue>(call[1])?.Groups.GetValueOrDefault(call[2])
            ?? throw new CommandError($"NOGROUP No such key '{call[1]}' or consumer group '{call[2]}'");
        if (call.Count == 3)
        {
            Summary(call.Reply, group);
            return;
        }

        var at = call[3].Is("IDLE") ? 5 : 3;
        var idle = at == 5 ? call.Integer(4) : 0;
        var from = call[at].Is("-") ? default : Open(call[at].ToString());
        var to = call[at + 1].Is("+") ? StreamId.Largest : StreamId.Parse(call[at + 1].ToString(), ulong.MaxValue);
        var found = group
            .Pending.Where(item => item.Key >= from && item.Key <= to && call.Server.Clock - item.Value.DeliveredAt >= idle)
            .Where(item => call.Count <= at + 3 || item.Value.Consumer == call[at + 3])
            .Take((int)Math.Min(int.MaxValue, call.Integer(at + 2)))
            .ToList();
        call.Reply.Array(found.Count);
        foreach (var (id, item) in found)
        {
            call.Reply.Array(4);
            call.Reply.Bulk(id.ToString());
            call.Reply.Bulk(item.Consumer);
            call.Reply.Integer(call.Server.Clock - item.DeliveredAt);
            call.Reply.Integer(item.Deliveries);
        }
    }

    private static StreamId Open(string text) => text[0] == '(' ? StreamId.Parse(text[1..], 0).Next : StreamId.Parse(text, 0);

    private static void Summary(ReplyWriter reply, ConsumerGroup group)
    {
        reply.Array(4);
        reply.Integer(group.Pending.Count);
        if (group.Pending.Count == 0)
        {
            reply.Null();
            reply.Null();
            reply.NullArray();
            return;
        }

        reply.Bulk(group.Pending.Keys[0].ToString());
        reply.Bulk(group.Pending.Keys[^1].ToString());
        var perConsumer = group.Pending.Values.GroupBy(static item => item.Consumer).OrderBy(static items => items.Key).ToList();
        reply.Array(perConsumer.Count);
        foreach (var items in perConsumer)
        {
            reply.Bulks([items.Key, items.LongCount()]);
        }
    }
}
