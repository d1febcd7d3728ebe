using Keyferry.Model;

namespace Keyferry.Cutover;

/// <summary>The steps of a cutover as the options shape them: the plan prints the very list that runs.</summary>
internal static class CutoverSteps
{
    /// <summary>The step that hands the clients over; nothing before it is seen by them but a wait.</summary>
    public const string Switch = "switch";

    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<CutoverStep> Of(CutoverOptions options)
    {
        return
        [
            new(
                "check",
                Phase.Following,
                "Check that every key was compared since it was last moved, that no gap is open, that changes arrive at once.",
                static async (scene, stop) =>
                {
                    await scene.CheckReadyAsync(stop);
                    await scene.PrepareAsync(stop);
                }
            ),
            new("fence", Phase.Fencing, FenceDoes(options), static (scene, stop) => scene.FenceAsync(stop))
            {
                UndoDoes = UnfenceDoes(options),
                Undo = static (scene, stop) => scene.UnfenceAsync(stop),
            },
            new("try fence", Phase.Fencing, TryDoes(options), static (scene, stop) => scene.TryFenceAsync(stop)),
            new(
                "drain",
                Phase.Draining,
                "Move everything that the source has done: a ping on the capture's connection is answered behind the last change.",
                static (scene, stop) => scene.DrainAsync(stop)
            ),
            new(
                "prove",
                Phase.Proving,
                "Compare the keys that were touched since they were last compared; all others are compared already.",
                static (scene, stop) => scene.ProveAsync(stop)
            ),
            .. WayBack(options),
            new("stop moving", Phase.Proving, "Write nothing more to the target.", static (scene, stop) => scene.FreezeAsync(stop))
            {
                UndoDoes = "Move changes again.",
                Undo = static (scene, stop) => scene.ThawAsync(stop),
            },
            new(Switch, Phase.Switching, SwitchDoes(options), static (_, _) => ValueTask.CompletedTask),
            new("confirm", Phase.Switching, "Check that the target takes writes.", static (scene, stop) => scene.ConfirmAsync(stop)),
            new(
                "leave source",
                Phase.Switching,
                $"Have the source's slow log list every command, to name whoever still writes there; disconnect clients from the source, so that writes held back there are dropped and sent to the target instead; then: {UnfenceDoes(options)}",
                static (scene, stop) => scene.LeaveAsync(stop)
            ),
        ];
    }

    private static IReadOnlyList<CutoverStep> WayBack(CutoverOptions options) =>
        options.ReverseWindow is null
            ? []
            :
            [
                new(
                    "open way back",
                    Phase.Proving,
                    "Listen to the changes of the target, and prove with a probe key that they come through.",
                    static (scene, stop) => scene.OpenWayBackAsync(stop)
                )
                {
                    UndoDoes = "Stop listening, and put the target's notification flags back.",
                    Undo = static (scene, stop) => scene.CloseWayBackAsync(stop),
                },
            ];

    private static string FenceDoes(CutoverOptions options) =>
        options.Fence switch
        {
            FenceKind.Pause =>
                $"Hold writes on the source back (CLIENT PAUSE WRITE), for {options.FenceBudget.TotalMilliseconds:0} ms at most until the switch begins.",
            FenceKind.Acl => "Take the right to write from the application's ACL users on the source.",
            FenceKind.Hook => $"Run {options.FenceHook} with KEYFERRY_STEP=fence, which stops the writers.",
            _ => "Ask a person to stop the writers.",
        };

    private static string UnfenceDoes(CutoverOptions options) =>
        options.Fence switch
        {
            FenceKind.Pause => "Let writes on the source pass again (CLIENT UNPAUSE).",
            FenceKind.Acl => "Give the ACL users their rights back.",
            FenceKind.Hook => $"Run {options.FenceHook} with KEYFERRY_STEP=unfence, which starts the writers.",
            _ => "Tell the person that the writers may be started again.",
        };

    private static string TryDoes(CutoverOptions options) =>
        options.Fence switch
        {
            FenceKind.Pause =>
                "Prove the fence: a command of our own that counts as a write must be held back. It stays held, as an alarm, until the switch.",
            FenceKind.Acl => "Prove the fence: the server must refuse a write for each of the users, and must count no write.",
            _ => "Prove the fence: the source must count no write for a while.",
        };

    private static string SwitchDoes(CutoverOptions options) =>
        options.SwitchHook is { } program
            ? $"Run {program}, which switches the clients to the target. Exit code 0: done; 75: nothing was switched; anything else: a person must say (keyferry resolve)."
            : "Ask a person to switch the clients to the target (keyferry answer yes, or no).";
}
