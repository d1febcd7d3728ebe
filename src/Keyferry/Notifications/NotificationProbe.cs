using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Notifications;

/// <summary>What the probe has found.</summary>
/// <param name="Family">The family in which the event came; <see langword="null"/> where none came.</param>
/// <param name="Latency">From the write to the event.</param>
/// <param name="Words">The same in a sentence.</param>
internal sealed record ProbeResult(ChannelFamily? Family, TimeSpan Latency, string Words)
{
    /// <summary>Whether an event came through.</summary>
    public bool Proved => Family is not null;
}

/// <summary>Proves that events come through: writes a key of its own on one connection and waits for its event on another.</summary>
/// <param name="connector">Connections to the server.</param>
/// <param name="random">Makes the key's name unlike any other.</param>
/// <param name="time">The clock.</param>
internal sealed class NotificationProbe(ServerConnector connector, Random random, TimeProvider time)
{
    /// <summary>Writes one key and looks for its event; removes the key.</summary>
    /// <exception cref="KeyferryException">The server cannot be reached.</exception>
    public async ValueTask<ProbeResult> RunAsync(CancellationToken stop)
    {
        try
        {
            await using var events = await NotificationSubscription.OpenAsync(
                connector,
                [ChannelFamily.Event, ChannelFamily.Key],
                time,
                stop
            );
            if (events.Families.Count == 0)
            {
                return new ProbeResult(
                    null,
                    TimeSpan.Zero,
                    $"not proved: the server refuses the subscription ({events.Refusals[ChannelFamily.Event]})"
                );
            }

            await using var keys = await ThrowAwayKeys.OpenAsync(connector, random, stop);
            var name = new KeyName(keys.Name("probe"));
            var since = time.GetTimestamp();
            string? refused = null;
            ChannelFamily? family = null;
            var latency = TimeSpan.Zero;
            await events.HearDuringAsync(
                async () => refused = await keys.SetAsync(name.Memory.ToArray(), life: null, stop),
                heard =>
                {
                    if (family is null && heard.Key == name)
                    {
                        (family, latency) = (heard.Family, time.GetElapsedTime(since));
                    }
                },
                stop
            );
            return new ProbeResult(family, latency, Words(family, refused));
        }
        catch (IOException lost)
        {
            throw ConnectionTrouble.Greeting(lost, connector.Endpoint, connector.Role);
        }
    }

    private static string Words(ChannelFamily? family, string? refused) =>
        (family, refused) switch
        {
            (not null, _) => "proved: a write raised its event",
            (null, not null) => $"not proved: the server refuses the probe key ({refused})",
            _ => "not so: a write raised no event",
        };
}
