using Keyferry.Queue;

namespace Keyferry.Lanes;

/// <summary>What all lanes of a run have done. Written by many, read by whoever shows progress.</summary>
internal sealed class LaneCounters(TimeProvider time)
{
    private long _written;
    private long _deleted;
    private long _payloadBytes;
    private long _changesMoved;
    private long _sessions;
    private long _lookedWritten;
    private long _lookedDeleted;

    /// <summary>Values put on the target.</summary>
    public long Written => Interlocked.Read(ref _written);

    /// <summary>Keys removed from the target.</summary>
    public long Deleted => Interlocked.Read(ref _deleted);

    /// <summary>Payload bytes put on the target.</summary>
    public long PayloadBytes => Interlocked.Read(ref _payloadBytes);

    /// <summary>Looks that live changes led to and that the target has acknowledged.</summary>
    public long ChangesMoved => Interlocked.Read(ref _changesMoved);

    /// <summary>Those of the values that were put there because both sides were seen to differ, and not because a change was heard of.</summary>
    public long LookedWritten => Interlocked.Read(ref _lookedWritten);

    /// <summary>Those of the keys that were removed for the same reason.</summary>
    public long LookedDeleted => Interlocked.Read(ref _lookedDeleted);

    /// <summary>How often a lane has opened its pair of connections.</summary>
    public long Sessions => Interlocked.Read(ref _sessions);

    /// <summary>Lags of late.</summary>
    public LagWindow Lag { get; } = new(time);

    /// <summary>Keys that stood out.</summary>
    public NotableKeys Notable { get; } = new();

    internal void AddBatch(int written, int deleted, long payloadBytes, int changes)
    {
        _ = Interlocked.Add(ref _written, written);
        _ = Interlocked.Add(ref _deleted, deleted);
        _ = Interlocked.Add(ref _payloadBytes, payloadBytes);
        _ = Interlocked.Add(ref _changesMoved, changes);
    }

    internal void AddLooked(KeyWrite write)
    {
        _ = Interlocked.Add(ref _lookedWritten, write == KeyWrite.Put ? 1 : 0);
        _ = Interlocked.Add(ref _lookedDeleted, write == KeyWrite.Unlink ? 1 : 0);
    }

    internal void AddSession() => Interlocked.Increment(ref _sessions);
}
