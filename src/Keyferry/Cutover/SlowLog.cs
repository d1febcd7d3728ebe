using System.Globalization;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Cutover;

/// <summary>The slow log of a server, made to list every command for a while: it keeps who sent it, also of a client that has left long since. A lease.</summary>
/// <remarks>
/// <para><b>What it changes.</b> <c>slowlog-log-slower-than</c> becomes 0, and <c>slowlog-max-len</c> at least <see cref="Kept"/>; both are put back. What the log held before is
/// pushed out by what happens meanwhile.</para>
/// <para><b>What it lists.</b> Measured on Redis 6.0, 7.0, 8.6 and Valkey 9.1: every command that was executed, also within MULTI, with address and name of its client; what a
/// script does comes without a client, or with the one that is listed for the script itself.</para>
/// </remarks>
/// <param name="node">Connections to the server.</param>
/// <param name="store">Where the lease is recorded.</param>
/// <param name="run">The run that takes it.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class SlowLog(ServerConnector node, IRunStore store, long run, TimeProvider time)
{
    /// <summary>Entries that the server is to keep: at 250 ms between two looks, 16,000 commands a second. An entry takes 4 KB at most.</summary>
    private const int Kept = 4096;

    /// <summary>Entries that are asked for at first; all are, where these do not reach back to what is known.</summary>
    private const int Page = 64;

    private const string Threshold = "slowlog-log-slower-than";
    private const string Length = "slowlog-max-len";
    private const string Everything = "0";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private long _lease;
    private long _latest = -1;

    /// <summary>Whether so much happened since the look before that the next must not wait.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>Commands that were pushed out of the log before they were read.</summary>
    public long Missed { get; private set; }

    /// <summary>Makes the server list every command from now on; may be called again after a connection was lost.</summary>
    /// <returns>Why it does not, or <see langword="null"/>.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask<string?> OpenAsync(RespConnection connection, CancellationToken stop)
    {
        var (threshold, length) = (await AskAsync(connection, Threshold, stop), await AskAsync(connection, Length, stop));
        if (threshold is null || length is null || !long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var kept))
        {
            return $"CONFIG GET {Threshold} is not answered";
        }

        if (await connection.TryCallAsync(stop, "SLOWLOG", "GET", 1) is not { IsError: false } newest)
        {
            return "SLOWLOG GET is refused";
        }

        var latest = newest.Items is [{ Items: [var id, ..] }, ..] ? id.Integer : -1;
        // Known entries have numbers that this process has given; fewer mean another process.
        _latest = _latest < 0 || latest < _latest ? latest : _latest;
        if (_lease == 0)
        {
            _lease = Leased(node.Endpoint)?.Id ?? Record(threshold, length, Math.Max(kept, Kept));
        }

        // Its answer is waited for, whoever wants to stop meanwhile: executed after the old value was put back, it would stay.
        var refused = kept < Kept ? await SetAsync(connection, Length, $"{Kept}") : null;
        return refused ?? (threshold == Everything ? null : await SetAsync(connection, Threshold, Everything));
    }

    /// <summary>What others have sent since the last look, oldest first.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    /// <exception cref="ServerErrorException">The server refuses.</exception>
    public async ValueTask<IReadOnlyList<(DateTimeOffset At, SourceClient Client)>> ReadAsync(
        RespConnection connection,
        CancellationToken stop
    )
    {
        var entries = (await connection.CallAsync(stop, "SLOWLOG", "GET", Page)).Items;
        if (entries.Count == Page && NumberOf(entries[^1]) > _latest + 1)
        {
            entries = (await connection.CallAsync(stop, "SLOWLOG", "GET", Kept)).Items;
            Missed += Math.Max(0, NumberOf(entries[^1]) - _latest - 1);
        }

        var others = new List<(DateTimeOffset, SourceClient)>();
        for (var i = entries.Count - 1; i >= 0; i--)
        {
            if (NumberOf(entries[i]) > _latest && OtherOf(entries[i]) is { } other)
            {
                others.Add(other);
            }
        }

        IsBusy = entries.Count > 0 && NumberOf(entries[0]) - _latest > Kept / 8;
        _latest = entries.Count > 0 ? Math.Max(_latest, NumberOf(entries[0])) : _latest;
        return others;
    }

    /// <summary>Puts back what stood there.</summary>
    /// <returns>What became of it, where there was something to put back.</returns>
    public async ValueTask<LeaseOutcome?> PutBackAsync()
    {
        if (Leased(node.Endpoint) is not { } lease)
        {
            return null;
        }

        using var patience = new CancellationTokenSource(Patience, time);
        var outcome = await UndoAsync(store, node, lease, patience.Token);
        (_lease, _latest) = (outcome.IsClosed ? 0 : _lease, -1);
        return outcome;
    }

    /// <summary>Undoes one lease. Doing it twice does no harm.</summary>
    /// <returns>What became of it; a server that cannot be reached or refuses is an outcome, not an exception.</returns>
    public static async ValueTask<LeaseOutcome> UndoAsync(IRunStore store, ServerConnector node, LeaseRecord lease, CancellationToken stop)
    {
        var subject = $"{lease.ToEndpoint()}: slow log";
        var (before, after) = (lease.Before.Split(' '), lease.After.Split(' '));
        var byHand = $"Before, it was: CONFIG SET {Threshold} {before[0]}, CONFIG SET {Length} {before[^1]}";
        try
        {
            await using var connection = await node.ConnectAsync("restore", stop);
            var changed = false;
            foreach (var (parameter, old, ours) in new[] { (Threshold, before[0], after[0]), (Length, before[^1], after[^1]) })
            {
                // What somebody else has set meanwhile is left alone; a restart has put it back already.
                if (old != ours && await AskAsync(connection, parameter, stop) == ours)
                {
                    changed = true;
                    if (await SetAsync(connection, parameter, old) is { } refused)
                    {
                        return new LeaseOutcome(lease, LeaseOutcomeKind.Refused, $"{subject} not put back: {refused}. {byHand}");
                    }
                }
            }

            var words = changed
                ? $"{subject} put back to \"{lease.Before}\""
                : $"{subject} is not as Keyferry had set it, and was left alone";
            return new LeaseOutcome(lease, changed ? LeaseOutcomeKind.PutBack : LeaseOutcomeKind.NothingToDo, store.Close(lease.Id, words));
        }
        catch (Exception away) when (away is IOException or KeyferryException or OperationCanceledException)
        {
            return new LeaseOutcome(
                lease,
                LeaseOutcomeKind.Unreachable,
                $"{subject} not put back: {away.Message} Once it answers: keyferry restore."
            );
        }
    }

    private static long NumberOf(RespValue entry) => entry.Items is [var number, ..] ? number.Integer : 0;

    /// <returns><see langword="null"/> for what Keyferry itself has sent, and for what has no client: a script lists what it does beside itself.</returns>
    private static (DateTimeOffset At, SourceClient Client)? OtherOf(RespValue entry)
    {
        if (entry.Items is not [_, var at, _, { Items: [var command, ..] }, var address, var name, ..])
        {
            return null;
        }

        var isOurs = name.Text.StartsWith("keyferry:", StringComparison.Ordinal);
        return isOurs || address.Text.Length == 0 || address.Text.StartsWith('?')
            ? null
            : (
                DateTimeOffset.FromUnixTimeSeconds(at.Integer),
                new SourceClient(0, address.Text, name.Text, "", command.Text.ToLowerInvariant(), 0)
            );
    }

    private static async ValueTask<string?> AskAsync(RespConnection connection, string parameter, CancellationToken stop) =>
        await connection.TryCallAsync(stop, "CONFIG", "GET", parameter) is { IsError: false, Items: [_, var value, ..] }
            ? value.Text
            : null;

    /// <returns>Why not, or <see langword="null"/>.</returns>
    private static async ValueTask<string?> SetAsync(RespConnection connection, string parameter, string value) =>
        await connection.TryCallAsync(CancellationToken.None, "CONFIG", "SET", parameter, value) is { IsError: true } refused
            ? refused.Text
            : null;

    /// <summary>The lease that is open on the server; one of a process that was killed names what stood there before it.</summary>
    private LeaseRecord? Leased(Endpoint endpoint) =>
        store.OpenLeases().FirstOrDefault(lease => lease.Kind == LeaseKind.SlowLog && lease.IsOn(endpoint));

    private long Record(string threshold, string length, long kept) =>
        store.RecordLease(
            new LeaseRecord
            {
                Run = run,
                Kind = LeaseKind.SlowLog,
                Host = node.Endpoint.Host,
                Port = node.Endpoint.Port,
                Tls = node.Endpoint.Tls,
                Before = $"{threshold} {length}",
                After = $"{Everything} {kept}",
            }
        );
}
