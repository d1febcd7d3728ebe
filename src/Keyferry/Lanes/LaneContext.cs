using Keyferry.Queue;
using Keyferry.Throttle;
using Keyferry.Transfer;

namespace Keyferry.Lanes;

/// <summary>What a lane's sessions share.</summary>
/// <param name="Queue">The lane's keys.</param>
/// <param name="Transfer">How values are read and written in this run.</param>
/// <param name="Counters">What all lanes have done.</param>
/// <param name="Failed">Keys that the target refuses.</param>
/// <param name="LeftOut">Keys that the target cannot hold and that are left out as the user asked.</param>
/// <param name="Target">Which process the target is.</param>
/// <param name="Databases">Which of the target's databases may be written.</param>
/// <param name="Gate">Closed while no keys are to be moved.</param>
/// <param name="Pace">How fast the source may be read.</param>
internal sealed record LaneContext(
    LaneQueue Queue,
    TransferSettings Transfer,
    LaneCounters Counters,
    FailedKeys Failed,
    FailedKeys LeftOut,
    TargetProcess Target,
    TargetDatabases Databases,
    PauseGate Gate,
    SourcePace Pace
)
{
    /// <summary>Notes what an acknowledged look at a key says of whether the target can hold it.</summary>
    public void Note(KeyBatch batch, int index)
    {
        var (database, refusal) = (batch.Items[index].Database, batch.Items[index].Refusal);
        var refused = Transfer.LeavesOut ? LeftOut : Failed;
        if (refusal is null)
        {
            Failed.Remove(database, batch.Key(index));
            LeftOut.Remove(database, batch.Key(index));
        }
        else
        {
            refused.Add(database, batch.Key(index), refusal);
        }
    }

    /// <summary>Adds an acknowledged batch to the counters.</summary>
    public void Count(KeyBatch batch)
    {
        var (written, deleted, changes) = (0, 0, 0);
        var bytes = 0L;
        var now = Queue.Now();
        foreach (ref readonly var item in batch.Items)
        {
            written += item.Write == KeyWrite.Put ? 1 : 0;
            deleted += item.Write == KeyWrite.Unlink ? 1 : 0;
            bytes += item.Write == KeyWrite.Put ? item.PayloadBytes : 0;
            if (item.Flags.HasFlag(KeyFlags.Live) && item.Settled && item.Write != KeyWrite.Aside)
            {
                changes++;
                Counters.Lag.Add(now - item.Milliseconds);
            }
            else if (item.Flags.HasFlag(KeyFlags.Look))
            {
                Counters.AddLooked(item.Write);
            }
        }

        Counters.Notable.Moved(batch, TimeSpan.FromMilliseconds(now - batch.TakenAt));
        Counters.AddBatch(written, deleted, bytes, changes);
    }
}
