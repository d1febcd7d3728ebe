using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Queue;

namespace Keyferry.Lanes;

/// <summary>The biggest keys that were moved, those that took longest, and how many there were of each type. Thread-safe.</summary>
/// <remarks>Costs a comparison for a key that does not stand out. Keys of a batch travel together: its biggest one is what it took its time for.</remarks>
internal sealed class NotableKeys
{
    private const int Most = 10;

    private readonly Lock _lock = new();
    private readonly List<NotableKey> _biggest = [];
    private readonly List<NotableKey> _slowest = [];
    private readonly long[] _byType = new long[Enum.GetValues<KeyType>().Length];
    private long _leastBytes = -1;
    private long _leastTicks = -1;

    /// <summary>What is known now.</summary>
    public MovedKeys Taken()
    {
        var counts = Enum.GetValues<KeyType>().Select(type => (Type: type, Count: Interlocked.Read(ref _byType[(int)type])));
        var byType = counts.Where(static one => one.Count > 0).ToDictionary(static one => one.Type, static one => one.Count);
        lock (_lock)
        {
            return new MovedKeys(byType, [.. _biggest], [.. _slowest]);
        }
    }

    /// <summary>Takes note of a batch that the target has acknowledged.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="took">Since it was taken.</param>
    public void Moved(KeyBatch batch, TimeSpan took)
    {
        Span<int> counts = stackalloc int[_byType.Length];
        var (big, most) = (-1, -1);
        for (var i = 0; i < batch.Count; i++)
        {
            ref readonly var item = ref batch.Items[i];
            if (item.Write != KeyWrite.Put)
            {
                continue;
            }

            counts[(int)item.Type]++;
            if (item.PayloadBytes > most)
            {
                (big, most) = (i, item.PayloadBytes);
            }

            if (item.PayloadBytes > Volatile.Read(ref _leastBytes))
            {
                Add(_biggest, batch, i, took, static key => key.Bytes, ref _leastBytes);
            }
        }

        for (var type = 0; type < counts.Length; type++)
        {
            if (counts[type] > 0)
            {
                _ = Interlocked.Add(ref _byType[type], counts[type]);
            }
        }

        if (big >= 0 && took.Ticks > Volatile.Read(ref _leastTicks))
        {
            Add(_slowest, batch, big, took, static key => key.Took.Ticks, ref _leastTicks);
        }
    }

    /// <summary>A key stands in a list once, with what was most of it.</summary>
    private void Add(List<NotableKey> list, KeyBatch batch, int index, TimeSpan took, Func<NotableKey, long> rank, ref long least)
    {
        var item = batch.Items[index];
        var key = new KeyId(item.Database, new KeyName(batch.Key(index).ToArray()));
        var notable = new NotableKey(key, item.Type, item.PayloadBytes, took);
        lock (_lock)
        {
            var known = list.FindIndex(one => one.Key.Equals(key));
            if (known >= 0 && rank(list[known]) >= rank(notable))
            {
                return;
            }

            if (known >= 0)
            {
                list.RemoveAt(known);
            }

            var place = list.FindIndex(one => rank(one) < rank(notable));
            list.Insert(place < 0 ? list.Count : place, notable);
            if (list.Count > Most)
            {
                list.RemoveAt(Most);
            }

            Volatile.Write(ref least, list.Count == Most ? rank(list[^1]) : -1);
        }
    }
}
