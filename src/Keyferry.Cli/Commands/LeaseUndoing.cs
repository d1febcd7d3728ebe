using Keyferry.Cli.Output;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Notifications;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Cli.Commands;

/// <summary>Undoes open leases of a work directory and says what became of each.</summary>
internal static class LeaseUndoing
{
    /// <summary>Undoes those that <paramref name="which"/> accepts.</summary>
    /// <param name="workDirectory">Where they are recorded.</param>
    /// <param name="which">Which of them.</param>
    /// <param name="connect">Connections to the server of one.</param>
    /// <param name="surroundings">Outputs, clock.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="cachesFollow">Whether the parameter groups of caches are put back right after, so that there is something to put back.</param>
    /// <returns>The exit code: of the first that is still open, or 0.</returns>
    public static async Task<int> RunAsync(
        string workDirectory,
        Func<LeaseRecord, bool> which,
        Func<LeaseRecord, ServerConnector> connect,
        Surroundings surroundings,
        CancellationToken stop,
        bool cachesFollow = false
    )
    {
        if (!WorkDirectory.HasState(workDirectory))
        {
            surroundings.Out.WriteLine($"nothing to put back: {Path.GetFullPath(workDirectory)} holds no state of Keyferry");
            return ExitCodes.Ok;
        }

        using var folder = WorkDirectory.Open(workDirectory, surroundings.Time);
        using var store = RunStore.Open(folder, surroundings.Time);
        var fences = new FenceRestorer(store, connect, new ProgramHooks(surroundings.Time));
        var outcomes = await new LeaseRestorer(
            store,
            connect,
            (lease, gaveUp) =>
                lease.Kind switch
                {
                    LeaseKind.ImportMode => ImportMode.UndoAsync(store, connect(lease), lease, gaveUp),
                    LeaseKind.SlowLog => SlowLog.UndoAsync(store, connect(lease), lease, gaveUp),
                    _ => fences.UndoAsync(lease, gaveUp),
                }
        ).RestoreAsync(which, stop);
        foreach (var outcome in outcomes)
        {
            surroundings.Out.WriteLine(outcome.Words);
        }

        if (outcomes.Count == 0 && !(cachesFollow && store.OpenLeases().Any(static lease => lease.Kind == LeaseKind.ParameterGroup)))
        {
            surroundings.Out.WriteLine($"nothing to put back: {folder.Path} names no open change of it");
        }

        foreach (
            var other in store
                .OpenLeases()
                .Where(lease => lease.Kind is not (LeaseKind.ParameterGroup or LeaseKind.Provision) && !which(lease))
        )
        {
            surroundings.Out.WriteLine($"still changed, and not asked for: {other.ToEndpoint()} (\"{other.Before}\" -> \"{other.After}\")");
        }

        return outcomes.FirstOrDefault(static outcome => !outcome.IsClosed)?.Kind switch
        {
            null => ExitCodes.Ok,
            LeaseOutcomeKind.Unreachable => ExitCodes.Unreachable,
            _ => ExitCodes.Refused,
        };
    }
}
