namespace Keyferry.Queue;

/// <summary>Where the snapshot puts the names that it finds.</summary>
internal interface ISnapshotSink
{
    /// <summary>Hands over one name.</summary>
    /// <returns>Whether it was taken; if not, <paramref name="room"/> completes when there may be room, and it is to be offered again.</returns>
    bool TryOffer(int database, ReadOnlySpan<byte> key, out Task room);
}
