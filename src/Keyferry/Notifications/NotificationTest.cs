using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Notifications;

/// <summary>Finds out by trying which classes of events a server tells: writes keys of its own, looks for the event of each, removes them.</summary>
/// <param name="connector">Connections to the server.</param>
/// <param name="random">Makes the names of the keys unlike any other.</param>
/// <param name="time">The clock.</param>
/// <param name="tag">Puts the keys into a slot that the server serves, where it is a node of a cluster; asked for anew for each test, because slots move.</param>
internal sealed class NotificationTest(ServerConnector connector, Random random, TimeProvider time, Func<string>? tag = null)
{
    private static readonly TimeSpan ShortLife = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private const int ExpiryTries = 100;

    private static readonly Attempt[] Attempts =
    [
        new('$', "SET", "set", ["keyferry", "PX", 60_000]),
        new('l', "LPUSH", "lpush", ["v"]),
        new('s', "SADD", "sadd", ["v"]),
        new('h', "HSET", "hset", ["f", "v"]),
        new('z', "ZADD", "zadd", [1, "v"]),
        new('t', "XADD", "xadd", ["*", "f", "v"]),
    ];

    /// <summary>Tests every class that can be tested without harm.</summary>
    /// <exception cref="KeyferryException">The server cannot be reached.</exception>
    public async ValueTask<NotificationTestResult> RunAsync(CancellationToken stop)
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
                return new NotificationTestResult([], $"the server refuses the subscription ({events.Refusals[ChannelFamily.Event]})");
            }

            await using var keys = await ThrowAwayKeys.OpenAsync(connector, random, stop, tag?.Invoke() ?? "probe");
            List<ClassResult> classes =
            [
                .. await TryCommandsAsync(events, keys, stop),
                await TryExpiryAsync(events, keys, stop),
                new('e', "an eviction raises evicted", [], TimeSpan.Zero, "cannot be provoked without harm"),
                new('d', "module types raise events of their own", [], TimeSpan.Zero, "would need a module"),
            ];
            var nothing = classes.All(static one => one.NotTested is not null);
            return new NotificationTestResult(classes, nothing ? $"the server refuses the test keys ({classes[0].NotTested})" : null);
        }
        catch (IOException lost)
        {
            throw ConnectionTrouble.Greeting(lost, connector.Endpoint, connector.Role);
        }
    }

    private async ValueTask<List<ClassResult>> TryCommandsAsync(NotificationSubscription events, ThrowAwayKeys keys, CancellationToken stop)
    {
        var generic = keys.Name("generic");
        var found = new List<ClassResult>
        {
            await TryAsync(
                events,
                ('g', "SET with PX raises expire", "expire", generic),
                () => keys.SetAsync(generic, life: null, stop),
                stop
            ),
        };
        foreach (var attempt in Attempts)
        {
            var key = keys.Name(attempt.Event);
            var wanted = (attempt.Letter, $"{attempt.Command} raises {attempt.Event}", attempt.Event, key);
            found.Add(await TryAsync(events, wanted, () => keys.WriteAsync(attempt.Command, key, stop, attempt.Rest), stop));
        }

        return found;
    }

    private ValueTask<ClassResult> TryExpiryAsync(NotificationSubscription events, ThrowAwayKeys keys, CancellationToken stop)
    {
        var key = keys.Name("expired");
        return TryAsync(events, ('x', "a key that expires raises expired", "expired", key), () => LetExpireAsync(keys, key, stop), stop);
    }

    private async ValueTask<ClassResult> TryAsync(
        NotificationSubscription events,
        (char Letter, string What, string Event, byte[] Key) wanted,
        Func<ValueTask<string?>> act,
        CancellationToken stop
    )
    {
        var key = new KeyName(wanted.Key);
        var since = time.GetTimestamp();
        var families = new List<ChannelFamily>();
        var latency = TimeSpan.Zero;
        string? refused = null;
        await events.HearDuringAsync(
            async () => refused = await act(),
            heard =>
            {
                if (heard.Key == key && heard.What == wanted.Event && !families.Contains(heard.Family))
                {
                    latency = families.Count == 0 ? time.GetElapsedTime(since) : latency;
                    families.Add(heard.Family);
                }
            },
            stop
        );
        return new ClassResult(wanted.Letter, wanted.What, families, latency, families.Count == 0 ? refused : null);
    }

    private async ValueTask<string?> LetExpireAsync(ThrowAwayKeys keys, byte[] key, CancellationToken stop)
    {
        var refused = await keys.SetAsync(key, ShortLife, stop);
        for (var tries = 0; refused is null && tries < ExpiryTries; tries++)
        {
            await Task.Delay(Pause, time, stop);
            if (!await keys.ExistsAsync(key, stop))
            {
                return null;
            }
        }

        return refused ?? "the key did not expire in time";
    }

    private sealed record Attempt(char Letter, string Command, string Event, RespArgument[] Rest);
}
