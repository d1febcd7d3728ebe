using System.Runtime.CompilerServices;
using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Notifications;

/// <summary>Listens to a server's events and hands them out as they come. Changes nothing.</summary>
/// <param name="connector">Connections to the server.</param>
/// <param name="time">The clock.</param>
internal sealed class NotificationWatch(ServerConnector connector, TimeProvider time)
{
    /// <summary>Subscribes, then hands out events until <paramref name="stop"/>.</summary>
    /// <param name="family">The family to listen to; <see langword="null"/> where it is not known which is on: then to both, and each event is handed out once.</param>
    /// <param name="stop">Ends the watch.</param>
    /// <exception cref="KeyferryException">The server cannot be reached, does not let us subscribe, or the connection was lost.</exception>
    public async IAsyncEnumerable<Notification> WatchAsync(ChannelFamily? family, [EnumeratorCancellation] CancellationToken stop)
    {
        ChannelFamily[] families = family is null ? [ChannelFamily.Event, ChannelFamily.Key] : [family.Value];
        await using var subscription = await NotificationSubscription.OpenAsync(connector, families, time, stop);
        if (subscription.Families.Count == 0)
        {
            throw Refused(subscription.Refusals[families[0]], families[0]);
        }

        ChannelFamily? heard = null;
        await using var events = subscription.ListenAsync(stop).GetAsyncEnumerator(stop);
        while (await MoveAsync(events))
        {
            // Where both families are on, every change is told twice; the one that came first is as good as the other.
            heard ??= events.Current.Family;
            if (events.Current.Family == heard)
            {
                yield return events.Current;
            }
        }
    }

    private async ValueTask<bool> MoveAsync(IAsyncEnumerator<Notification> events)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (IOException lost)
        {
            throw new KeyferryException(
                FailureKind.Unreachable,
                $"The connection to {connector.Endpoint} was lost: {lost.Message}.",
                "Events raised from now on are not shown. Start the command again.",
                lost
            );
        }
    }

    private KeyferryException Refused(string reply, ChannelFamily family) =>
        new(
            FailureKind.Refused,
            $"{connector.Endpoint} does not let this user subscribe to keyspace notifications: {reply.TrimEnd().TrimEnd('.')}.",
            reply.StartsWith("NOPERM", StringComparison.Ordinal)
                ? $"Give the user +psubscribe and the channel right &{family.Pattern()} (channel rights match a pattern literally)."
                : "Serverless caches and some proxies have no PSUBSCRIBE."
        );
}
