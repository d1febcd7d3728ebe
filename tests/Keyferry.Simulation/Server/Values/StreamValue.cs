using System.Globalization;

namespace Keyferry.Simulation.Server.Values;

/// <summary>The id of a stream entry.</summary>
internal readonly record struct StreamId(ulong Ms, ulong Sequence) : IComparable<StreamId>
{
    public static StreamId Largest => new(ulong.MaxValue, ulong.MaxValue);

    public StreamId Next => Sequence == ulong.MaxValue ? new(Ms + 1, 0) : new(Ms, Sequence + 1);

    /// <summary>Reads <c>ms</c> or <c>ms-seq</c>.</summary>
    /// <exception cref="CommandError">It is neither.</exception>
    public static StreamId Parse(string text, ulong missingSequence)
    {
        var parts = text.Split('-');
        return
            parts.Length <= 2
            && ulong.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
            && ulong.TryParse(
                parts.Length == 2 ? parts[1] : missingSequence.ToString(),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var sequence
            )
            ? new(ms, sequence)
            : throw new CommandError("ERR Invalid stream ID specified as stream command argument");
    }

    public static bool operator <(StreamId left, StreamId right) => left.CompareTo(right) < 0;

    public static bool operator >(StreamId left, StreamId right) => left.CompareTo(right) > 0;

    public static bool operator <=(StreamId left, StreamId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(StreamId left, StreamId right) => left.CompareTo(right) >= 0;

    public int CompareTo(StreamId other) => Ms != other.Ms ? Ms.CompareTo(other.Ms) : Sequence.CompareTo(other.Sequence);

    public override string ToString() => $"{Ms}-{Sequence}";
}

/// <summary>A stream with its groups, as far as a migration can tell them apart.</summary>
internal sealed class StreamValue : RedisValue
{
    public SortedList<StreamId, Blob[]> Entries { get; } = [];

    public SortedList<Blob, ConsumerGroup> Groups { get; } = [];

    public StreamId LastId { get; set; }

    public StreamId MaxDeletedId { get; set; }

    public long EntriesAdded { get; set; }

    public override string TypeName => "stream";

    public override long Bytes => Entries.Values.Sum(static fields => fields.Sum(static part => (long)part.Length) + 16);
}

/// <summary>Who has read how far, and what is not acknowledged.</summary>
internal sealed class ConsumerGroup
{
    public StreamId LastDelivered { get; set; }

    /// <summary>Entries read so far, or <see langword="null"/> where the server lost count.</summary>
    public long? EntriesRead { get; set; }

    /// <summary>Last seen, in milliseconds of the server's clock.</summary>
    public SortedList<Blob, long> Consumers { get; } = [];

    public SortedList<StreamId, PendingEntry> Pending { get; } = [];
}

/// <summary>An entry that a consumer has got and not acknowledged.</summary>
internal sealed class PendingEntry
{
    public required Blob Consumer { get; set; }

    public required long DeliveredAt { get; set; }

    public required long Deliveries { get; set; }
}
