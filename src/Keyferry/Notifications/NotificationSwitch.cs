using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Notifications;

/// <summary>Makes a server tell of every change, and puts its flags back afterwards.</summary>
/// <remarks>
/// <para><b>Promises.</b> Letters are only ever added. What stood there is in the store, durably, before anything is set, and exactly that is put back. What somebody
/// else has changed meanwhile is left alone and told.</para>
/// <para><b>Does not promise.</b> That the flags stay: they are per node, and do not survive a restart or a failover. <see cref="EnsureAsync"/> may be called again at
/// any time, and is, before each subscription.</para>
/// </remarks>
/// <param name="connector">Connections to the server.</param>
/// <param name="store">Where leases are recorded.</param>
/// <param name="run">The run that takes them, or <see langword="null"/> for a change by hand that outlives every run.</param>
/// <param name="test">Finds out by trying what a server tells that does not say its flags; <see langword="null"/> where nothing may be written.</param>
internal sealed class NotificationSwitch(ServerConnector connector, IRunStore store, long? run, NotificationTest? test = null)
{
    private ChannelFamily? _family;

    /// <summary>The server.</summary>
    public Endpoint Server => connector.Endpoint;

    /// <summary>Asks for the flags; changes nothing.</summary>
    /// <exception cref="KeyferryException">The server cannot be reached.</exception>
    public async ValueTask<FlagReading> ReadAsync(CancellationToken stop)
    {
        try
        {
            await using var connection = await connector.ConnectAsync("flags", stop);
            return await FlagReading.AskAsync(connection, stop);
        }
        catch (IOException lost)
        {
            throw ConnectionTrouble.Greeting(lost, connector.Endpoint, connector.Role);
        }
    }

    /// <summary>Makes sure that the server tells of every change, in the family that was chosen the first time.</summary>
    /// <exception cref="KeyferryException">It cannot be reached, or it does not tell and cannot be made to: says why and how.</exception>
    public async ValueTask<NotificationSource> EnsureAsync(CancellationToken stop)
    {
        var source = await EnsureOnceAsync(stop);
        _family = source.Family;
        return source;
    }

    /// <summary>Puts back what this run has set on this server, and what runs that were killed have left there.</summary>
    public ValueTask<IReadOnlyList<LeaseOutcome>> RestoreAsync(CancellationToken stop) =>
        new LeaseRestorer(store, _ => connector).RestoreAsync(IsOurs, stop);

    private async ValueTask<NotificationSource> EnsureOnceAsync(CancellationToken stop)
    {
        try
        {
            await using var connection = await connector.ConnectAsync("flags", stop);
            return await FlagReading.AskAsync(connection, stop) switch
            {
                FlagReading.Known known => await AddMissingAsync(connection, known, stop),
                FlagReading.Unreadable unreadable => await TryOutAsync(unreadable, stop),
                _ => throw new InvalidOperationException("a reading is known or unreadable"),
            };
        }
        catch (IOException lost)
        {
            throw ConnectionTrouble.Greeting(lost, connector.Endpoint, connector.Role);
        }
    }

    private async ValueTask<NotificationSource> AddMissingAsync(RespConnection connection, FlagReading.Known before, CancellationToken stop)
    {
        var family = _family ?? before.Flags.Family;
        var needed = NotificationFlags.Needed(family);
        if (before.Flags.Covers(needed))
        {
            return new NotificationSource
            {
                Family = family,
                Before = before.Text,
                Now = before.Text,
                Changed = false,
                Words = $"notification flags \"{before.Text}\" suffice",
            };
        }

        var wanted = before.Flags.Union(needed);
        var lease = TakeLease(before, wanted);
        // Its answer is waited for, whoever wants to stop meanwhile: sent and not answered, it might be executed after the old value was found in place and the lease
        // closed. The connection's own patience ends the wait.
        var reply = await connection.TryCallAsync(CancellationToken.None, "CONFIG", "SET", FlagTrouble.Parameter, wanted.ToConfigText());
        if (reply.IsError)
        {
            store.MarkLeaseUndone(lease, $"the server refused: {reply.Text}");
            throw FlagTrouble.CannotSet(connector.Endpoint, FlagTrouble.CauseOf(reply.Text), reply.Text, wanted);
        }

        if (await FlagReading.AskAsync(connection, stop) is not FlagReading.Known now || !now.Flags.Covers(needed))
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"{connector.Endpoint} took the notification flags \"{wanted}\" but does not show them.",
                $"Let an administrator look at CONFIG GET {FlagTrouble.Parameter}; keyferry restore puts back what stood there."
            );
        }

        return new NotificationSource
        {
            Family = family,
            Before = before.Text,
            Now = now.Text,
            Changed = true,
            Words = $"notification flags \"{before.Text}\" -> \"{now.Text}\", to be put back at the end",
        };
    }

    private long TakeLease(FlagReading.Known before, NotificationFlags wanted)
    {
        var earlier = store.OpenLeases().Where(IsOurs).ToList();
        var taken = store.RecordLease(
            new LeaseRecord
            {
                Run = run,
                Kind = LeaseKind.NotificationFlags,
                Host = connector.Endpoint.Host,
                Port = connector.Endpoint.Port,
                Tls = connector.Endpoint.Tls,
                Before = before.Text,
                After = wanted.ToConfigText(),
            }
        );
        // What an earlier lease had set is gone (a restart, a failover, somebody's change): its old value is no longer ours to bring back.
        foreach (var gone in earlier)
        {
            store.MarkLeaseUndone(gone.Id, $"the flags were found at \"{before.Text}\" and set anew");
        }

        return taken;
    }

    private async ValueTask<NotificationSource> TryOutAsync(FlagReading.Unreadable unreadable, CancellationToken stop)
    {
        var why = $"the notification flags cannot be read: {FlagTrouble.Words(unreadable.Cause)}";
        var result = test is null ? null : await test.RunAsync(stop);
        if (result is null || result.Unproved is not null)
        {
            return new NotificationSource
            {
                Family = _family ?? ChannelFamily.Event,
                Before = null,
                Now = null,
                Changed = false,
                Unread = unreadable.Cause,
                Doubt = result is null ? why : $"{why}; and they could not be tried out: {result.Unproved}",
                Words = why,
            };
        }

        if (result.Family is { } family && (_family is null || result.Comes(_family.Value)))
        {
            return new NotificationSource
            {
                Family = _family ?? family,
                Before = null,
                Now = null,
                Changed = false,
                Unread = unreadable.Cause,
                Words = $"{why}; tried out: events of every kind come through",
            };
        }

        throw FlagTrouble.CannotSet(
            connector.Endpoint,
            unreadable.Cause,
            $"{unreadable.Said.TrimEnd()}; tried out: {result.Words}",
            NotificationFlags.Needed(_family ?? ChannelFamily.Event)
        );
    }

    // The store's folder is held by one process: a lease of another run belongs to a process that has ended without undoing it.
    // A lease without a run was taken by hand and is given back by hand.
    private bool IsOurs(LeaseRecord lease) =>
        lease.Kind == LeaseKind.NotificationFlags && lease.IsOn(connector.Endpoint) && (lease.Run is not null || run is null);
}
