using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Resp;
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

    /// <summary>Lifts the fence of one lease.</summary>
    /// <returns>What became of it; a server that cannot be reached or refuses is an outcome, not an exception.</returns>
    public async ValueTask<LeaseOutcome> UndoAsync(LeaseRecord lease, CancellationToken stop)
    {
        var refused = FenceLease.Of(lease) switch
        {
            { Kind: FenceKind.Pause } => await UnpauseAsync(lease, stop),
            { Kind: FenceKind.Acl } acl => await AclFence.GiveBackAsync(
                connect(lease),
                new AclRules(acl.User, acl.Commands, acl.Selectors),
                stop
            ),
            { Kind: FenceKind.Hook } hook => await RunAsync(hook, stop),
            _ => "this version does not know the fence",
        };
        if (refused is not null)
        {
            return new LeaseOutcome(lease, LeaseOutcomeKind.Refused, $"{lease.ToEndpoint()}: fence ({lease.After}) not lifted: {refused}");
        }

        var words = store.Close(lease.Id, $"{lease.ToEndpoint()}: fence ({lease.After}) lifted");
        return new LeaseOutcome(lease, LeaseOutcomeKind.PutBack, words);
    }

    private async ValueTask<string?> UnpauseAsync(LeaseRecord lease, CancellationToken stop)
    {
        if (store.Runs().FirstOrDefault(run => run.Id == lease.Run) is { Phase: Phase.Reversible or Phase.Completed })
        {
            try
            {
                // The clients are on the other side: what they have waiting here must not be executed here.
                _ = await SourceClients.DisconnectAsync(connect(lease), stop);
            }
            catch (Exception refused) when (refused is ServerErrorException or IOException or KeyferryException)
            {
                // The pause ends by itself all the same; nothing is won by keeping it.
                return await PauseFence.UnpauseAsync(connect(lease), stop);
            }
        }

        return await PauseFence.UnpauseAsync(connect(lease), stop);
    }

    private async ValueTask<string?> RunAsync(FenceLease fence, CancellationToken stop)
    {
        var told = new Dictionary<string, string>(fence.Told, StringComparer.Ordinal) { [HookContext.Step] = "unfence" };
        var result = await hooks.RunAsync(fence.Program, told, HookPatience, stop);
        return result is { Started: true, ExitCode: 0 }
            ? null
            : $"{fence.Program} ended with {result.ExitCode?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "no answer"} {result.Said}";
    }
}
