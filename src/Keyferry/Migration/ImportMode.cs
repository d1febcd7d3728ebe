using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Observe;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Migration;

/// <summary>Tells a target that knows it (Valkey 8.1 and newer) that it is being filled: with <c>import-mode</c> it expires and evicts nothing by itself, so that no key is gone
/// before the source says so. A lease: put back before the clients are switched, and on every way out.</summary>
/// <remarks>
/// <para><b>What it changes.</b> Clients of the target do not see what has expired, as ever; it only stays in memory until the source's own expiry arrives, or the mode ends. The
/// lanes say <c>CLIENT IMPORT-SOURCE ON</c> and see it, so that a value that was prolonged on the source is written over and not lost. A full target refuses writes in place of
/// evicting keys.</para>
/// <para><b>Concurrency.</b> Lanes make sure of it at any time; one at a time looks.</para>
/// </remarks>
internal sealed class ImportMode(ServerConnector target, RunJournal journal)
{
    private const string Parameter = "import-mode";

    private readonly Turn _turn = new();
    private bool _told;
    private bool _over;

    /// <summary>Switches it on at every primary that knows it and permits it. One that cannot be asked stays as it is: a migration does not hang on this.</summary>
    /// <returns>Whether it is on anywhere.</returns>
    public async ValueTask<bool> EnsureAsync(CancellationToken stop)
    {
        _over = false;
        var isOn = false;
        foreach (var node in target.Nodes)
        {
            try
            {
                await using var connection = await node.ConnectAsync("import", stop);
                isOn |= await EnsureAsync(connection, stop);
            }
            catch (Exception away) when (away is IOException or KeyferryException { Kind: FailureKind.Unreachable })
            {
                journal.Note(NoteLevel.Warning, $"The target's {Parameter} could not be looked at: {away.Message}");
            }
        }

        return isOn;
    }

    /// <summary>Makes sure of it at one server, unless it has ended: the server may be new, or another process than before.</summary>
    /// <returns>Whether it is on.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask<bool> EnsureAsync(RespConnection connection, CancellationToken stop)
    {
        await _turn.EnterAsync(stop);
        try
        {
            return !_over
                && await ReadAsync(connection, stop) is { } before
                && (before == "yes" || await TrySetAsync(connection, connection.Endpoint, before, stop));
        }
        finally
        {
            _turn.Leave();
        }
    }

    /// <summary>Puts it back wherever it was switched on, by this run or by those that were killed.</summary>
    /// <returns>What became of it, in words.</returns>
    public async ValueTask<IReadOnlyList<string>> RestoreAsync(CancellationToken stop)
    {
        await _turn.EnterAsync(stop);
        _over = true;
        _turn.Leave();
        var words = new List<string>();
        foreach (var lease in journal.Store.OpenLeases().Where(static lease => lease.Kind == LeaseKind.ImportMode))
        {
            if (target.NodeAt(lease.Host, lease.Port) is { } node)
            {
                words.Add((await UndoAsync(journal.Store, node, lease, stop)).Words);
            }
        }

        return words;
    }

    /// <summary>Ends it before the clients come: from then on the target expires and evicts by itself again.</summary>
    /// <exception cref="CutoverFailedException">It could not be ended.</exception>
    public async ValueTask EndAsync(CancellationToken stop)
    {
        _ = await RestoreAsync(stop);
        if (
            journal.Store.OpenLeases().Any(lease => lease.Kind == LeaseKind.ImportMode && target.NodeAt(lease.Host, lease.Port) is not null)
        )
        {
            throw new CutoverFailedException("the target's import-mode could not be ended; it would expire nothing for its clients");
        }
    }

    /// <summary>Undoes one lease. Doing it twice does no harm.</summary>
    /// <returns>What became of it; a server that cannot be reached or refuses is an outcome, not an exception.</returns>
    public static async ValueTask<LeaseOutcome> UndoAsync(IRunStore store, ServerConnector node, LeaseRecord lease, CancellationToken stop)
    {
        var subject = $"{lease.ToEndpoint()}: {Parameter}";
        try
        {
            await using var connection = await node.ConnectAsync("restore", stop);
            var now = await ReadAsync(connection, stop);
            if (now == lease.After)
            {
                var reply = await connection.TryCallAsync(stop, "CONFIG", "SET", Parameter, lease.Before);
                if (reply.IsError)
                {
                    return new LeaseOutcome(
                        lease,
                        LeaseOutcomeKind.Refused,
                        $"{subject} not put back: {reply.Text}. Before, it was: CONFIG SET {Parameter} {lease.Before}"
                    );
                }
            }

            var words = now == lease.After ? $"{subject} put back to \"{lease.Before}\"" : $"{subject} stands as it did before: \"{now}\"";
            store.MarkLeaseUndone(lease.Id, words);
            return new LeaseOutcome(lease, now == lease.After ? LeaseOutcomeKind.PutBack : LeaseOutcomeKind.NothingToDo, words);
        }
        catch (Exception away)
            when (away is IOException or KeyferryException { Kind: FailureKind.Unreachable } or OperationCanceledException)
        {
            return new LeaseOutcome(
                lease,
                LeaseOutcomeKind.Unreachable,
                $"{subject} not put back: {away.Message} keyferry restore puts it back."
            );
        }
    }

    /// <summary>What stands there; <see langword="null"/> where the server does not know it, or does not tell.</summary>
    private static async ValueTask<string?> ReadAsync(RespConnection connection, CancellationToken stop) =>
        await connection.TryCallAsync(stop, "CONFIG", "GET", Parameter) is { IsError: false, Items: [_, var value, ..] }
            ? value.Text
            : null;

    private async ValueTask<bool> TrySetAsync(RespConnection connection, Endpoint node, string before, CancellationToken stop)
    {
        var taken = journal
            .Store.OpenLeases()
            .FirstOrDefault(one => one.Kind == LeaseKind.ImportMode && one.Host == node.Host && one.Port == node.Port);
        var lease =
            taken?.Id
            ?? journal.Store.RecordLease(
                new LeaseRecord
                {
                    Run = journal.Run,
                    Kind = LeaseKind.ImportMode,
                    Host = node.Host,
                    Port = node.Port,
                    Tls = node.Tls,
                    Before = before,
                    After = "yes",
                }
            );
        // Waited for whoever wants to stop: an answer that is not read might be of a change that is made after the lease was closed.
        stop.ThrowIfCancellationRequested();
        var reply = await connection.TryCallAsync(CancellationToken.None, "CONFIG", "SET", Parameter, "yes");
        if (reply.IsError)
        {
            journal.Store.MarkLeaseUndone(lease, $"the server refused: {reply.Text}");
        }

        if (!_told || taken is not null)
        {
            _told = true;
            journal.Note(
                NoteLevel.Information,
                reply.IsError
                        ? $"The target's {Parameter} could not be switched on ({reply.Text.TrimEnd('.')}): it expires and evicts keys by itself meanwhile."
                    : taken is not null ? $"Target: {Parameter} was \"{before}\" again on {node}, and is \"yes\" from now on."
                    : $"Target: {Parameter} \"{before}\" -> \"yes\", so that nothing expires or is evicted while it is filled; to be put back before the switch or at the end."
            );
        }

        return !reply.IsError;
    }
}
