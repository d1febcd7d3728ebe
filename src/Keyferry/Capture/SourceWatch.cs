using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Capture;

/// <summary>Watches the source for what no event tells: another process behind the same address, a failover, flags that were taken away, and commands that change
/// keys silently.</summary>
/// <remarks>
/// <para><b>Promises.</b> What is seen becomes a gap of the smallest scope that covers it. What the source does not let us see (INFO or CONFIG forbidden) is left to the
/// final verify.</para>
/// <para><b>Concurrency.</b> One task, after <see cref="BeginAsync"/>.</para>
/// </remarks>
/// <param name="connector">Connections to the source.</param>
/// <param name="hearing">Sets flags again that somebody has taken away, or finds out that the source has become silent; <see langword="null"/> where the capture needs no
/// flags.</param>
/// <param name="tracking">Wants to know of databases that come into use; <see langword="null"/> where the capture tells databases itself.</param>
/// <param name="sink">Where losses go.</param>
/// <param name="gaps">Where gaps of a smaller scope go.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class SourceWatch(
    ServerConnector connector,
    HearingTrial? hearing,
    TrackingDialect? tracking,
    IChangeSink sink,
    GapLedger gaps,
    TimeProvider time
)
{
    /// <summary>From the end of one look to the next.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private const int ExactTries = 10;
    private static readonly TimeSpan ExactPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ClientsInterval = TimeSpan.FromMinutes(1);

    /// <summary>Commands that change any key without an event on some server. (Measured on 13 servers.) DEBUG counts whatever it is asked for: POPULATE writes keys, RELOAD reads all of
    /// them anew, and servers count all of its subcommands as one. PFCOUNT is none of them: what it writes is the number that it has worked out, not the value.</summary>
    private static readonly string[] SilentCommands = ["flushall", "flushdb", "swapdb", "vadd", "vrem", "vsetattr", "debug"];

    /// <summary>Commands that change a stream's consumer groups without an event.</summary>
    private static readonly string[] SilentStreamCommands = ["xreadgroup", "xack", "xackdel", "xclaim", "xautoclaim", "xcfgset", "xnack"];

    /// <summary>Further commands that change groups or ids of a stream, of which notifications tell and tracking does not.</summary>
    private static readonly string[] UntoldByTracking =
    [
        "xgroup",
        "xgroup|create",
        "xgroup|setid",
        "xgroup|destroy",
        "xgroup|createconsumer",
        "xgroup|delconsumer",
        "xsetid",
    ];

    /// <summary>Commands that only a Redis before 6.0 does not tell of.</summary>
    private static readonly string[] SilentBefore6 = ["persist", "move", "restore", "migrate", "sinterstore"];

    private readonly Lock _lock = new();
    private long _begun;
    private long _compared;
    private Dictionary<string, long>? _calls;
    private bool _counts;
    private string? _link;
    private ServerIdentity? _identity;
    private readonly IdleEvidence _evidence = new(time);
    private long? _clientsListed;
    private long _lastAsked;
    private long? _unheardSince;
    private readonly FlagSetters _setters = new();

    /// <summary>Why flags that were off and on again between two looks may not have been noticed, as a clause; <see langword="null"/> where they have been, and where no flags are needed.</summary>
    public string? DoubtOfFlags
    {
        get
        {
            lock (_lock)
            {
                return hearing is null ? null : _setters.Doubt;
            }
        }
    }

    /// <summary>Told what the source counts of clients that it cuts off.</summary>
    public BufferCuts? Cuts { get; init; }

    /// <summary>Whether the source counted its commands when it was last looked at; if not, those that raise no event pass unseen.</summary>
    public bool CountsCommands
    {
        get
        {
            lock (_lock)
            {
                return _counts;
            }
        }
    }

    /// <summary>Notes how things stand; call it after the capture is armed and before anything is copied.</summary>
    /// <exception cref="KeyferryException">The source cannot be reached.</exception>
    public async ValueTask BeginAsync(CancellationToken stop)
    {
        await using var connection = await connector.ConnectAsync("watch", stop);
        await LookAsync(connection, stop);
    }

    /// <summary>Watches until <paramref name="stop"/>. A source that is away is the capture's business; this waits until it is back.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await using var connection = await connector.ConnectAsync("watch", stop);
                while (true)
                {
                    await LookAsync(connection, stop);
                    await CheckFlagsAsync(connection, mayTry: true, stop);
                    await Task.Delay(Interval, time, stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception away) when (away is IOException or ServerErrorException or KeyferryException { Kind: FailureKind.Unreachable })
            {
                if (!await PausedAsync(stop))
                {
                    return;
                }
            }
        }
    }

    /// <summary>Looks once, now: used under a drain, where waiting for the next interval would leave a silent command or missing flags unseen. It writes nothing: clients may be
    /// kept from writing.</summary>
    public async ValueTask LookNowAsync(CancellationToken stop)
    {
        await using var connection = await connector.ConnectAsync("watch", stop);
        await LookAsync(connection, stop);
        await CheckFlagsAsync(connection, mayTry: false, stop);
    }

    private async ValueTask CheckFlagsAsync(RespConnection connection, bool mayTry, CancellationToken stop)
    {
        if (hearing is null)
        {
            return;
        }

        var asked = hearing.Now;
        var reading = await FlagReading.AskAsync(connection, stop);
        var covers = reading is FlagReading.Known now && now.Flags.Covers(NotificationFlags.Needed(hearing.Family));
        if (covers && !hearing.IsDeaf)
        {
            await hearing.ReadAsync(asked, stop);
            return;
        }

        // Flags that somebody has put right end the blind time at once: nothing has to be written to know it.
        if (covers || (reading is FlagReading.Known ? !hearing.IsDeaf || hearing.IsDue : mayTry && hearing.IsDue))
        {
            _ = await hearing.TryAsync(stop);
        }
    }

    private async ValueTask<bool> PausedAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Interval, time, stop);
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Asks, and compares with what was seen last. Two looks may overlap: one that began before another that has been compared already is thrown away, because an
    /// answer older than what it is compared with would tell of changes that never were.</summary>
    private async ValueTask LookAsync(RespConnection connection, CancellationToken stop)
    {
        var (number, after) = (Interlocked.Increment(ref _begun), Interlocked.Read(ref _compared));
        var (quiet, asked) = (connector.Quiet.Now, time.GetTimestamp());
        var identity = await ServerConnector.IdentifyAsync(connection, stop);
        var answered = time.GetTimestamp();
        Cuts?.Seen(identity, answered);
        var link = identity.IsReplica ? await LinkAsync(connection, identity, stop) : null;
        var (calls, setter) = await CountsAsync(connection, identity, stop);
        var hidden = await HiddenClientsAsync(connection, identity, stop);
        lock (_lock)
        {
            if (number <= _compared)
            {
                return;
            }

            var overlaps = after != _compared;
            _compared = number;
            Compare(identity, link, calls, setter with { Overlaps = overlaps });
            // What is noticed by the next look came after this one was asked for, or in the same turn of the server's event loop, which the look before bounds.
            (_unheardSince, _lastAsked) = (_lastAsked == 0 ? null : _lastAsked, asked);
            _evidence.Look(
                new IdleLook(identity, calls)
                {
                    Asked = asked,
                    Answered = answered,
                    Ended = time.GetTimestamp(),
                    QuietBefore = quiet,
                    QuietAfter = connector.Quiet.Now,
                    HiddenClients = hidden,
                }
            );
        }
    }

    /// <summary>Asks how often each command ran, and how many of the uses of CONFIG were ours: again where one of them was under way meanwhile.</summary>
    private async ValueTask<(Dictionary<string, long>? Calls, SetterLook Setter)> CountsAsync(
        RespConnection connection,
        ServerIdentity identity,
        CancellationToken stop
    )
    {
        var name = FlagSetters.NameOn(identity.RedisVersion);
        for (var tries = 1; ; tries++)
        {
            var before = OwnCallsNow();
            var stats = await connection.TryCallAsync(stop, "INFO", "commandstats");
            var isExact = before.WasQuietUntil(OwnCallsNow());
            if (hearing is not null && !isExact && tries < ExactTries)
            {
                await Task.Delay(ExactPause, time, stop);
                continue;
            }

            var calls = stats.IsError ? null : CommandCounts.Of(stats.Text);
            // Servers that count nothing do not refuse the question: what was asked a moment ago is in no count.
            calls = calls?.ContainsKey("info") == true ? calls : null;
            var setter = new SetterLook(name, calls?.GetValueOrDefault(name), before.Answered)
            {
                IsExact = isExact,
                Unread = hearing?.Unread,
            };
            return (calls, setter);
        }

        OwnCalls.Moment OwnCallsNow() => connector.Config.Now(connector.Endpoint.Host, connector.Endpoint.Port, name);
    }

    /// <summary>From which second of the source's clock on a key that was not used since was not written since <paramref name="since"/>, as far as this watch has seen.</summary>
    /// <returns>The second, or <see langword="null"/> and why nothing can be said.</returns>
    public (long? Second, string WhyNot) UntouchedSince(long since)
    {
        lock (_lock)
        {
            return (_evidence.SecondOf(since, out var whyNot), whyNot);
        }
    }

    /// <summary>Which client hides its uses; asked where it matters, and where one was found not again for a while: the list is long where clients are many.</summary>
    /// <returns>Empty for none, <see langword="null"/> where it was not asked.</returns>
    private async ValueTask<string?> HiddenClientsAsync(RespConnection connection, ServerIdentity identity, CancellationToken stop)
    {
        if (!identity.HasNoTouch)
        {
            return "";
        }

        lock (_lock)
        {
            if (!_evidence.WantsClients || (_clientsListed is { } listed && time.GetElapsedTime(listed) < ClientsInterval))
            {
                return null;
            }
        }

        var list = await connection.TryCallAsync(stop, "CLIENT", "LIST");
        var hidden = list.IsError ? "CLIENT LIST may not be read" : HiddenIn(list.Text, $"{connector.NamePrefix}:");
        lock (_lock)
        {
            _clientsListed = hidden.Length == 0 ? null : time.GetTimestamp();
        }

        return hidden;
    }

    /// <summary>Which client of a CLIENT LIST hides its uses and is none of ours; empty for none.</summary>
    internal static string HiddenIn(string list, string ours)
    {
        foreach (var line in list.Split('\n'))
        {
            var fields = line.Split(' ');
            var flags = fields.FirstOrDefault(static field => field.StartsWith("flags=", StringComparison.Ordinal)) ?? "";
            if (
                flags.Contains('T', StringComparison.Ordinal)
                && !fields.Any(field => field.StartsWith($"name={ours}", StringComparison.Ordinal))
            )
            {
                var address = fields.FirstOrDefault(static field => field.StartsWith("addr=", StringComparison.Ordinal)) ?? "addr=?";
                return $"the client {address["addr=".Length..]} hides its uses (CLIENT NO-TOUCH)";
            }
        }

        return "";
    }

    private void Compare(ServerIdentity identity, string? link, Dictionary<string, long>? calls, SetterLook setter)
    {
        if (_identity is { } before)
        {
            Compare(before, identity);
        }

        if (_link is not null && link is not null && _link != link)
        {
            sink.MayHaveMissed("the source, a replica, lost its primary or was synchronised anew");
        }

        (_identity, _link) = (identity, link);
        foreach (var database in identity.Keyspace.Keys)
        {
            if (tracking?.UseDatabase(database) == true)
            {
                sink.MayHaveMissed($"database {database} came into use, and tracking does not tell databases apart");
            }
        }

        _counts = calls is not null;
        var reset = false;
        if (calls is not null)
        {
            reset = _calls is { } earlier && WereReset(earlier, calls, identity, setter.Overlaps);
            _calls = calls;
        }

        if (hearing is not null && _setters.Look(setter with { WereReset = reset }, bound: _lastAsked == 0 ? null : _lastAsked) is { } gap)
        {
            sink.MayHaveMissed(gap.Reason, gap.Since);
        }
    }

    /// <summary>How a replica hangs on its primary. One that is synchronised anew throws its keys away and takes those of its primary, without an event for any of them.
    /// Its link tells: another connection to the primary, or none. (Whether all keys were replaced is not told for certain; a gap too many does no harm.)</summary>
    private static async ValueTask<string> LinkAsync(RespConnection connection, ServerIdentity identity, CancellationToken stop)
    {
        var primaries = await connection.TryCallAsync(stop, "CLIENT", "LIST", "TYPE", "master");
        return $"{identity.Fields.GetValueOrDefault("master_link_status")} {(primaries.IsError ? "" : primaries.Text.Split(' ')[0])}";
    }

    private void Compare(ServerIdentity before, ServerIdentity now)
    {
        if (before.RunId != now.RunId)
        {
            sink.MayHaveMissed("the source was restarted");
            _calls = null;
            _setters.Restarted();
        }
        else if (before.ReplicationId != now.ReplicationId || before.IsReplica != now.IsReplica)
        {
            sink.MayHaveMissed("the source failed over or resynchronised");
        }
    }

    /// <summary>Notes what the counts tell of commands that raise no event.</summary>
    /// <returns>Whether the counts were reset in between.</returns>
    private bool WereReset(Dictionary<string, long> before, Dictionary<string, long> now, ServerIdentity identity, bool overlaps)
    {
        var reset = CommandCounts.WereReset(before, now, overlaps);
        IEnumerable<string> silent = identity.RedisVersion < new Version(6, 0) ? SilentCommands.Concat(SilentBefore6) : SilentCommands;
        if (CommandCounts.Rose(silent, before, now) is { } command)
        {
            sink.MayHaveMissed($"{command.ToUpperInvariant()} ran on the source, which raises no event", _unheardSince);
        }
        else if (reset)
        {
            sink.MayHaveMissed(
                "the source's counts of commands were reset (CONFIG RESETSTAT), so that a write without an event may not have been seen",
                _unheardSince
            );
        }

        IEnumerable<string> silentForStreams = hearing is null ? SilentStreamCommands.Concat(UntoldByTracking) : SilentStreamCommands;
        if (CommandCounts.Rose(silentForStreams, before, now) is { } streams)
        {
            gaps.Note($"{streams.ToUpperInvariant()} ran on the source, which raises no event", GapScope.Streams, _unheardSince);
        }

        return reset;
    }
}
