using Keyferry.Capture;
using Keyferry.Notifications;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Whether the user may subscribe to notifications on every primary of the source: found out before any notification flags are set for it.</summary>
internal static class SubscriptionCheck
{
    /// <summary>Tries it on each, where the run would listen to notifications.</summary>
    /// <exception cref="Model.KeyferryException">A primary cannot be reached.</exception>
    /// <exception cref="IOException">A connection is lost.</exception>
    public static async ValueTask JudgeAsync(
        MigrationOptions options,
        ServerConnector source,
        Action<string, string> refuse,
        CancellationToken stop
    )
    {
        if (options.Mode == MigrationMode.Snapshot || options.Capture is CaptureKind.Polling or CaptureKind.Tracking)
        {
            return;
        }

        var nodes = source.Nodes;
        var denied = new List<(string Node, string Said)>();
        var pattern = ChannelFamily.Event.Pattern();
        foreach (var node in nodes)
        {
            await using var connection = await node.ConnectAsync("plan", stop);
            pattern = FamilyOf(await FlagReading.AskAsync(connection, stop)).Pattern();
            var reply = await connection.TryCallAsync(stop, "PSUBSCRIBE", pattern);
            if (reply.IsDenied)
            {
                denied.Add(($"{node.Endpoint}", reply.Text));
            }
        }

        // Where none of the nodes lets it and the choice is ours, they are listened to in another way.
        if (denied.Count > 0 && (options.Capture == CaptureKind.Notifications || denied.Count < nodes.Count))
        {
            refuse(
                $"The source {string.Join(", ", denied.Select(static one => one.Node))} does not let this user subscribe to {pattern}: {denied[0].Said.TrimEnd('.')}.",
                NotificationDialect.Rights(pattern)
            );
        }
    }

    private static ChannelFamily FamilyOf(FlagReading reading) =>
        reading is FlagReading.Known known ? known.Flags.Family : ChannelFamily.Event;
}
