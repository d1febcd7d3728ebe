using Keyferry.Queue;

namespace Keyferry.Transfer;

/// <summary>Where a lane leaves keys that it does not move itself.</summary>
internal interface IAside
{
    /// <summary>Keeps a key of a batch from the lane if it is being moved there already.</summary>
    /// <returns>Whether it is.</returns>
    bool TryJoin(KeyBatch batch, int index);

    /// <summary>Takes a key of a batch that the lane cannot move.</summary>
    void Take(KeyBatch batch, int index);
}
