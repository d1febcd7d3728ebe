using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Notifications;

/// <summary>Puts back what open leases name. Doing it twice does no harm.</summary>
/// <param name="store">Where the leases are.</param>
/// <param name="connect">Connections to the server of a lease; the caller knows the credentials, the store does not.</param>
/// <param name="others">Undoes leases on other things than notification flags.</param>
internal sealed class LeaseRestorer(
    IRunStore store,
    Func<LeaseRecord, ServerConnector> connect,
    Func<LeaseRecord, CancellationToken, ValueTask<LeaseOutcome>>? others = null
)
{
    /// <summary>Undoes every open lease that <paramref name="which"/> accepts, the latest first.</summary>
    /// <returns>What became of each; a server that cannot be reached or refuses is an outcome, not an exception.</returns>
    public async ValueTask<IReadOnlyList<LeaseOutcome>> RestoreAsync(Func<LeaseRecord, bool> which, CancellationToken stop)
    {
        var outcomes = new List<LeaseOutcome>();
        foreach (var lease in store.OpenLeases().Where(which))
        {
            outcomes.Add(await UndoAsync(lease, stop));
        }

        return outcomes;
    }

    private async ValueTask<LeaseOutcome> UndoAsync(LeaseRecord lease, CancellationToken stop)
    {
        if (lease.Kind != LeaseKind.NotificationFlags)
        {
            return others is null
                ? new LeaseOutcome(lease, LeaseOutcomeKind.Refused, $"{lease.Kind} of {lease.ToEndpoint()}: this version cannot undo it")
                : await others(lease, stop);
        }

        try
        {
            var connector = connect(lease);
            await using var connection = await connector.ConnectAsync("restore", stop);
            var outcome = await UndoFlagsAsync(connection, lease, stop);
            return outcome.IsClosed ? outcome with { Words = store.Close(lease.Id, outcome.Words) } : outcome;
        }
        catch (KeyferryException failed) when (failed.Kind == FailureKind.Unreachable)
        {
            return new LeaseOutcome(
                lease,
                LeaseOutcomeKind.Unreachable,
                $"{Subject(lease)} not put back: {failed.Message} Once it answers: keyferry restore."
            );
        }
        catch (IOException lost)
        {
            return new LeaseOutcome(
                lease,
                LeaseOutcomeKind.Unreachable,
                $"{Subject(lease)} perhaps not put back, the connection was lost: {lost.Message}. Once it answers: keyferry restore."
            );
        }
    }

    private static async ValueTask<LeaseOutcome> UndoFlagsAsync(RespConnection connection, LeaseRecord lease, CancellationToken stop)
    {
        if (await FlagReading.AskAsync(connection, stop) is not FlagReading.Known present)
        {
            return new LeaseOutcome(
                lease,
                LeaseOutcomeKind.Refused,
                $"{Subject(lease)} not put back: they cannot be read any more. {ByHand(lease)}"
            );
        }

        if (present.Text == lease.Before)
        {
            return new LeaseOutcome(
                lease,
                LeaseOutcomeKind.NothingToDo,
                $"{Subject(lease)} stand as they did before: {Quoted(lease.Before)}"
            );
        }

        if (!present.Flags.IsShownFor(NotificationFlags.Parse(lease.After)))
        {
            return new LeaseOutcome(
                lease,
                LeaseOutcomeKind.ChangedByOthers,
                $"{Subject(lease)} left at {Quoted(present.Text)}: somebody has changed them since Keyferry set {Quoted(lease.After)}. {ByHand(lease)}"
            );
        }

        var reply = await connection.TryCallAsync(stop, "CONFIG", "SET", FlagTrouble.Parameter, lease.Before);
        if (reply.IsError)
        {
            return new LeaseOutcome(lease, LeaseOutcomeKind.Refused, $"{Subject(lease)} not put back: {reply.Text}. {ByHand(lease)}");
        }

        var after = await FlagReading.AskAsync(connection, stop);
        return after is FlagReading.Known { Text: var text } && text == lease.Before
            ? new LeaseOutcome(lease, LeaseOutcomeKind.PutBack, $"{Subject(lease)} put back to {Quoted(lease.Before)}")
            : new LeaseOutcome(
                lease,
                LeaseOutcomeKind.Refused,
                $"{Subject(lease)} do not read {Quoted(lease.Before)} after they were put back. {ByHand(lease)}"
            );
    }

    private static string Subject(LeaseRecord lease) => $"{lease.ToEndpoint()}: notification flags";

    private static string ByHand(LeaseRecord lease) => $"Before, it was: CONFIG SET {FlagTrouble.Parameter} \"{lease.Before}\"";

    private static string Quoted(string value) => $"\"{value}\"";
}
