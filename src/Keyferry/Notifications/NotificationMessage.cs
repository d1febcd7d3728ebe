using System.Buffers.Text;

namespace Keyferry.Notifications;

/// <summary>Reads keyspace notifications. Both channel families say the same thing with the two halves exchanged: <c>__keyevent@db__:event</c> carries the key,
/// <c>__keyspace@db__:key</c> carries the event.</summary>
internal static class NotificationMessage
{
    /// <summary>Subscribes to every event of every database, by event.</summary>
    public const string EventPattern = "__keyevent@*__:*";

    /// <summary>Subscribes to every event of every database, by key.</summary>
    public const string KeyPattern = "__keyspace@*__:*";

    /// <summary>Takes one message apart without copying: key and event point into what was given.</summary>
    /// <param name="channel">The channel that the message came on, not the pattern that matched it.</param>
    /// <param name="payload">What the message carries.</param>
    /// <param name="database">The logical database of the key.</param>
    /// <param name="what">The event: <c>set</c>, <c>del</c>, <c>expired</c>, ...</param>
    /// <param name="key">The key, any bytes, perhaps none.</param>
    /// <returns>Whether it is a keyspace notification; anything else on the connection is not.</returns>
    public static bool TryParse(
        ReadOnlySpan<byte> channel,
        ReadOnlySpan<byte> payload,
        out int database,
        out ReadOnlySpan<byte> what,
        out ReadOnlySpan<byte> key
    )
    {
        what = default;
        key = default;
        database = 0;
        var byEvent = channel.StartsWith("__keyevent@"u8);
        if (!byEvent && !channel.StartsWith("__keyspace@"u8))
        {
            return false;
        }

        // The number ends at the first "__:"; a key may hold the same bytes again, and is not looked into.
        var rest = channel["__keyevent@".Length..];
        if (!Utf8Parser.TryParse(rest, out database, out var digits) || database < 0 || !rest[digits..].StartsWith("__:"u8))
        {
            return false;
        }

        var name = rest[(digits + 3)..];
        what = byEvent ? name : payload;
        key = byEvent ? payload : name;
        return !what.IsEmpty;
    }
}
