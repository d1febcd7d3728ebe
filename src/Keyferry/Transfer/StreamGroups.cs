using Keyferry.Payloads;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>What belongs to a stream besides its entries: ids and counters, consumer groups, their consumers and pending entries.</summary>
/// <param name="source">The connection to the source.</param>
/// <param name="target">Where it is written.</param>
/// <param name="format">What the target knows of streams.</param>
internal sealed class StreamGroups(RespConnection source, PieceTarget target, PayloadFormat format)
{
    /// <summary>Pending entries asked for at a time.</summary>
    private const int Page = 1000;

    /// <summary>More pending entries than so many are copied as far as their entries exist: their ids are kept in memory to find those that do not.</summary>
    private const int MostRemembered = 1_000_000;

    private readonly bool _hasCounters = format.Stream >= PayloadType.StreamOf7;

    /// <summary>The ids of all pending entries of all groups, in order and each once.</summary>
    /// <exception cref="ServerErrorException">The source refused a command.</exception>
    /// <exception cref="IOException">The source is lost.</exception>
    public async ValueTask<IReadOnlyList<StreamId>> PendingAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        var groups = await source.CallAsync(stop, "XINFO", "GROUPS", key);
        var ids = new List<StreamId>();
        foreach (var group in groups.Items.Where(static group => group["pending"] is { Integer: > 0 }))
        {
            await EachPendingAsync(key, group["name"]?.Bytes ?? [], (id, _) => ids.Add(id), static () => ValueTask.CompletedTask, stop);
            if (ids.Count > MostRemembered)
            {
                return [];
            }
        }

        ids.Sort(StreamId.Compare);
        return [.. ids.Distinct()];
    }

    /// <summary>Makes sure that the temporary stream exists although nothing was added to it.</summary>
    public void CreateEmpty()
    {
        Send("XGROUP", "CREATE", target.Temporary, "keyferry", "0", "MKSTREAM");
        Send("XGROUP", "DESTROY", target.Temporary, "keyferry");
    }

    /// <summary>Copies groups, then takes the placeholders away and sets the counters.</summary>
    /// <param name="key">The source's key.</param>
    /// <param name="placeholders">Entries that stand for deleted ones.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ServerErrorException">A server refused a command.</exception>
    /// <exception cref="IOException">A server is lost.</exception>
    public async ValueTask CopyAsync(ReadOnlyMemory<byte> key, IReadOnlyList<StreamId> placeholders, CancellationToken stop)
    {
        var groups = await source.CallAsync(stop, "XINFO", "GROUPS", key);
        foreach (var group in groups.Items)
        {
            await CopyGroupAsync(key, group, stop);
        }

        foreach (var id in placeholders)
        {
            Send("XDEL", target.Temporary, id.Bytes);
        }

        var stream = await source.CallAsync(stop, "XINFO", "STREAM", key);
        RespArgument[] set = ["XSETID", target.Temporary, stream["last-generated-id"]?.Bytes ?? []];
        if (_hasCounters)
        {
            // A server that does not keep them has never deleted an entry, for all that it knows.
            var added = stream["entries-added"] ?? stream["length"];
            set = [.. set, "ENTRIESADDED", added?.Bytes ?? [], "MAXDELETEDID", stream["max-deleted-entry-id"]?.Bytes ?? "0-0"u8.ToArray()];
        }

        Send(set);
        await target.EndPieceAsync(stop);
    }

    private async ValueTask CopyGroupAsync(ReadOnlyMemory<byte> key, RespValue group, CancellationToken stop)
    {
        var name = group["name"]?.Bytes ?? [];
        RespArgument[] create = ["XGROUP", "CREATE", target.Temporary, name, group["last-delivered-id"]?.Bytes ?? []];
        if (_hasCounters && group["entries-read"] is { IsNull: false } read)
        {
            create = [.. create, "ENTRIESREAD", read.Bytes];
        }

        Send(create);
        var consumers = await source.CallAsync(stop, "XINFO", "CONSUMERS", key, name);
        foreach (var consumer in consumers.Items.Select(static consumer => consumer["name"]?.Bytes ?? []))
        {
            if (_hasCounters)
            {
                Send("XGROUP", "CREATECONSUMER", target.Temporary, name, consumer);
            }
            else
            {
                // Asking for what is pending already delivers nothing, and makes the consumer known.
                Send("XREADGROUP", "GROUP", name, consumer, "STREAMS", target.Temporary, "0");
            }
        }

        await EachPendingAsync(
            key,
            name,
            (id, entry) =>
                Send(
                    "XCLAIM",
                    target.Temporary,
                    name,
                    entry.Items[1].Bytes,
                    0,
                    id.Bytes,
                    "IDLE",
                    entry.Items[2].Bytes,
                    "RETRYCOUNT",
                    entry.Items[3].Bytes,
                    "FORCE",
                    "JUSTID"
                ),
            () => target.EndPieceAsync(stop),
            stop
        );
    }

    private async ValueTask EachPendingAsync(
        ReadOnlyMemory<byte> key,
        byte[] group,
        Action<StreamId, RespValue> each,
        Func<ValueTask> afterPage,
        CancellationToken stop
    )
    {
        for (StreamId? next = default(StreamId); next is { } start; )
        {
            var page = await source.CallAsync(stop, "XPENDING", key, group, start.Bytes, "+", Page);
            next = null;
            foreach (var entry in page.Items)
            {
                var id = StreamId.Parse(entry.Items[0].Bytes);
                each(id, entry);
                next = id.Next;
            }

            await afterPage();
        }
    }

    private void Send(params ReadOnlySpan<RespArgument> command)
    {
        target.Output.Command(command.Length);
        foreach (var argument in command)
        {
            target.Output.Bulk(argument.Bytes.Span);
        }

        target.Sent(System.Text.Encoding.ASCII.GetString(command[0].Bytes.Span));
    }
}
