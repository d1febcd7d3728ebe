using Keyferry.Queue;
using Keyferry.Throttle;

namespace Keyferry.Lanes;

/// <summary>How many keys a lane takes at a time: by how large values were of late, and how fast the source may be read.</summary>
/// <remarks>Changed keys and those that a pass found are counted apart. One task writes and reads.</remarks>
internal sealed class BatchSizes(SourcePace pace)
{
    /// <summary>Payload bytes that a batch is meant to have.</summary>
    private const int BatchBytes = 128 * 1024;

    private const int MostKeys = 512;

    /// <summary>Begins high: until the first answers tell how large values are, few are asked for, since the source holds in memory what it has answered.</summary>
    private double _averageChanged = 8192;
    private double _averageOffered = 8192;

    /// <summary>Whether the pace lets nothing be taken that a pass found.</summary>
    public bool IsHeldUp => pace.MostOffered(1, _averageOffered) == 0;

    /// <summary>How many keys the next batch may have.</summary>
    public (int Changed, int Offered) Next() =>
        (pace.MostChanged(KeysFor(_averageChanged), _averageChanged), pace.MostOffered(KeysFor(_averageOffered), _averageOffered));

    /// <summary>Learns from a batch that was read; not from what a larger one has left over.</summary>
    public void Moved(KeyBatch batch)
    {
        pace.Received(PayloadBytes(batch));
        if (batch.IsSecondLook)
        {
            return;
        }

        var changed = Math.Min(batch.FirstOffered, batch.Count);
        _averageChanged = Averaged(_averageChanged, batch.Items[..changed]);
        _averageOffered = Averaged(_averageOffered, batch.Items[changed..]);
    }

    private static int KeysFor(double averagePayload) => (int)Math.Clamp(BatchBytes / averagePayload, 1, MostKeys);

    /// <summary>One value counts for a batch at most: a single huge one among small ones says nothing of the next. What is yet to be read once more does not count.</summary>
    private static double Averaged(double before, ReadOnlySpan<KeyBatch.Item> items)
    {
        var (bytes, counted) = (0L, 0);
        foreach (ref readonly var item in items)
        {
            if (item.Write != KeyWrite.None)
            {
                bytes += Math.Min(item.PayloadBytes, BatchBytes);
                counted++;
            }
        }

        return counted == 0 ? before : (before * 0.8) + (0.2 * Math.Max(16, bytes / (double)counted));
    }

    private static long PayloadBytes(KeyBatch batch)
    {
        var bytes = 0L;
        foreach (ref readonly var item in batch.Items)
        {
            bytes += item.PayloadBytes;
        }

        return bytes;
    }
}
