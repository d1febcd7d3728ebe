using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Migration;

/// <summary>Whether the fence of a cutover can work at all: the fence is asked before anything is copied, by the very questions that it asks before it is raised.</summary>
internal static class FenceCheck
{
    private const string Remedy =
        "Give Keyferry a user of its own, with the rights that this fence needs, or choose another --fence; docs/operate/cutover.md says what each needs.";

    /// <summary>Adds to the plan what speaks against the fence: on the source a refusal, on the target, where a rollback would need it, a warning.</summary>
    public static async ValueTask<MigrationPlan> JudgeAsync(
        MigrationPlan plan,
        CutoverOptions cutover,
        ServerConnector source,
        ServerConnector target,
        TimeProvider time,
        CancellationToken stop
    )
    {
        if (await AgainstAsync(cutover, source, time, stop) is { } against)
        {
            var refusal = new KeyferryException(
                FailureKind.Refused,
                $"The fence of the cutover cannot work: {against.TrimEnd('.')}.",
                Remedy
            );
            plan = plan with { Refusals = [.. plan.Refusals, refusal] };
        }

        return cutover.ReverseWindow is not null && await AgainstAsync(cutover, target, time, stop) is { } back
            ? plan with
            {
                Warnings = [.. plan.Warnings, $"keyferry rollback will not work unless this is changed before: {back.TrimEnd('.')}."],
            }
            : plan;
    }

    private static async ValueTask<string?> AgainstAsync(
        CutoverOptions cutover,
        ServerConnector side,
        TimeProvider time,
        CancellationToken stop
    )
    {
        // Nothing is raised, so that nothing has to be known after a crash.
        using var store = new MemoryRunStore(time);
        await using IFence? fence = cutover.Fence switch
        {
            FenceKind.Pause => new PauseFence(side.Nodes, store, 0, cutover.FenceBudget, time),
            FenceKind.Acl => new AclFence(side.Nodes, store, 0, time),
            _ => null,
        };
        try
        {
            await (fence?.PrepareAsync(stop) ?? ValueTask.CompletedTask);
            return null;
        }
        catch (CutoverFailedException against)
        {
            return against.Message;
        }
    }
}
