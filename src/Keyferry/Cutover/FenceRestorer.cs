using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Cutover;

/// <summary>Lifts fences that a process has left standing, as the open leases name them. Doing it twice does no harm.</summary>
/// <param name="store">Where the leases are.</param>
/// <param name="connect">Connections to the server of a lease.</param>
/// <param name="hooks">Runs the program of a hook fence.</param>
internal sealed class FenceRestorer(IRunStore store, Func<LeaseRecord, ServerConnector> connect, IHookRunner hooks)
{
    private static readonly TimeSpan HookPatience = TimeSpan.FromSeconds(60);

    /// <summary>Lifts the fences whose lease <paramref name="which"/> accepts.</summary>
    public async ValueTask<IReadOnlyList<LeaseOutcome>> RestoreAsync(Func<LeaseRecord, bool> which, CancellationToken stop)
    {
        var outcomes = new List<LeaseOutcome>();
        foreach (var lease in store.OpenLeases().Where(lease => lease.Kind == LeaseKind.Fence && which(lease)))
        {
            outcomes.Add(await UndoAsync(lease, stop));
        }

        return outcomes;
    }

    /// <summary>Lifts the fence of one lease.</summary>
    /// <returns>What became of it; a server that cannot be reached or refuses is an outcome, not an exception.</returns>
    public async ValueTask<LeaseOutcome> UndoAsync(LeaseRecord lease, CancellationToken stop)
    {
        var refused = FenceLease.Of(lease) switch
        {
            { Kind: FenceKind.Pause } => await PauseFence.UnpauseAsync(connect(lease), stop),
            { Kind: FenceKind.Acl } acl => await AclFence.GiveBackAsync(
                connect(lease),
                new AclRules(acl.User, acl.Commands, acl.Selectors),
                stop
            ),
            { Kind: FenceKind.Hook } hook => await RunAsync(hook.Program, lease, stop),
            _ => "this version does not know the fence",
        };
        if (refused is not null)
        {
            return new LeaseOutcome(lease, LeaseOutcomeKind.Refused, $"{lease.ToEndpoint()}: fence ({lease.After}) not lifted: {refused}");
        }

        var words = store.Close(lease.Id, $"{lease.ToEndpoint()}: fence ({lease.After}) lifted");
        return new LeaseOutcome(lease, LeaseOutcomeKind.PutBack, words);
    }

    private async ValueTask<string?> RunAsync(string program, LeaseRecord lease, CancellationToken stop)
    {
        var context = new HookContext("restore", lease.ToEndpoint(), lease.ToEndpoint(), "forward");
        var result = await hooks.RunAsync(program, context.For("unfence"), HookPatience, stop);
        return result is { Started: true, ExitCode: 0 }
            ? null
            : $"{program} ended with {result.ExitCode?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "no answer"} {result.Said}";
    }
}
