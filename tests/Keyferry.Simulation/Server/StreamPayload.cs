using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server;

/// <summary>The body of a stream's payload: entries, counters, groups, pending entries; times as they are.</summary>
internal static class StreamPayload
{
    public static void Write(PayloadWriter body, StreamValue stream)
    {
        body.Length(stream.Entries.Count);
        foreach (var (id, fields) in stream.Entries)
        {
            Write(body, id);
            body.Blobs(fields);
        }

        Write(body, stream.LastId);
        Write(body, stream.MaxDeletedId);
        body.Fixed((ulong)stream.EntriesAdded);
        body.Length(stream.Groups.Count);
        foreach (var (name, group) in stream.Groups)
        {
            body.Blob(name);
            Write(body, group);
        }
    }

    public static StreamValue Read(PayloadReader body)
    {
        var stream = new StreamValue();
        body.Many(() => stream.Entries.TryAdd(ReadId(body), [.. body.Many(body.Blob)]));
        stream.LastId = ReadId(body);
        stream.MaxDeletedId = ReadId(body);
        stream.EntriesAdded = (long)body.Fixed();
        body.Many(() => stream.Groups.TryAdd(body.Blob(), ReadGroup(body)));
        return stream;
    }

    private static void Write(PayloadWriter body, ConsumerGroup group)
    {
        Write(body, group.LastDelivered);
        body.Fixed((ulong)(group.EntriesRead ?? -1));
        body.Length(group.Consumers.Count);
        foreach (var (consumer, seen) in group.Consumers)
        {
            body.Blob(consumer);
            body.Fixed((ulong)seen);
        }

        body.Length(group.Pending.Count);
        foreach (var (id, pending) in group.Pending)
        {
            Write(body, id);
            body.Blob(pending.Consumer);
            body.Fixed((ulong)pending.DeliveredAt);
            body.Fixed((ulong)pending.Deliveries);
        }
    }

    private static ConsumerGroup ReadGroup(PayloadReader body)
    {
        var group = new ConsumerGroup { LastDelivered = ReadId(body) };
        var read = (long)body.Fixed();
        group.EntriesRead = read < 0 ? null : read;
        body.Many(() => group.Consumers.TryAdd(body.Blob(), (long)body.Fixed()));
        body.Many(() =>
            group.Pending.TryAdd(
                ReadId(body),
                new PendingEntry
                {
                    Consumer = body.Blob(),
                    DeliveredAt = (long)body.Fixed(),
                    Deliveries = (long)body.Fixed(),
                }
            )
        );
        return group;
    }

    private static void Write(PayloadWriter body, StreamId id)
    {
        body.Fixed(id.Ms);
        body.Fixed(id.Sequence);
    }

    private static StreamId ReadId(PayloadReader body) => new(body.Fixed(), body.Fixed());
}
