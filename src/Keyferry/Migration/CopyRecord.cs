using Keyferry.Lanes;
using Keyferry.Snapshot;

namespace Keyferry.Migration;

/// <summary>Records now and then how far a copy has come for certain: every key before that is on the target.</summary>
internal static class CopyRecord
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Records until <paramref name="stop"/>.</summary>
    public static async Task KeepAsync(
        LaneSet lanes,
        IReadOnlyList<(string Shard, SnapshotScanner Scanner)> scanners,
        Action<string, SnapshotPosition> reached,
        TimeProvider time,
        CancellationToken stop
    )
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, time, stop);
                var positions = scanners.Select(static one => (one.Shard, one.Scanner.Position)).ToList();
                if (positions.Exists(static one => one.Position is not null))
                {
                    await lanes.SettleAsync(hurry: false, stop);
                }

                foreach (var (shard, position) in positions)
                {
                    if (position is not null)
                    {
                        reached(shard, position);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }
}
