using Keyferry.Capture;
using Keyferry.Cutover;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>The steps of a run as the options shape them: what the dry run prints is what the run does.</summary>
internal static class PlanSteps
{
    private const string FlagsBack = "Put the source's notification flags back as they were.";

    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlanStep> Of(MigrationOptions options, ServerIdentity source, PlannedCapture capture)
    {
        var steps = new List<PlanStep>();
        if (options.Mode != MigrationMode.Snapshot)
        {
            steps.Add(new PlanStep("arm", capture.Arms, capture.ChangesFlags ? FlagsBack : ""));
        }

        AddFunctions(steps, options);
        if (options.Mode != MigrationMode.LiveOnly)
        {
            steps.Add(
                new PlanStep("copy", $"Scan the source and copy every key with its expiry; live changes go first.{ModulesDo(source)}")
            );
        }

        if (options.TargetKeys == TargetKeys.Replace)
        {
            steps.Add(new PlanStep("remove", "Remove the target's keys that the source does not have."));
        }

        if (options.Mode != MigrationMode.Snapshot)
        {
            steps.Add(new PlanStep("follow", FollowDoes(options, source)));
            if (options.Cutover is { } cutover)
            {
                steps.AddRange(CutoverSteps.Of(cutover).Select(static step => new PlanStep(step.Name, step.Does, step.UndoDoes)));
                AddRestore(steps, capture);
                AddAfterSwitch(steps, cutover);
                return steps;
            }

            steps.Add(new PlanStep("drain", "Move what is still waiting."));
        }

        if (options.Verify)
        {
            steps.Add(new PlanStep("prove", "Compare both sides in both directions: type, value, expiry."));
        }

        AddRestore(steps, capture);
        return steps;
    }

    private static string ModulesDo(ServerIdentity source) =>
        source.Modules.Count == 0
            ? ""
            : $" Values of modules ({string.Join(", ", source.Modules)}) are read and written whole, however large: meanwhile a server answers nobody else.";

    private static string FollowDoes(MigrationOptions options, ServerIdentity source)
    {
        const string beside =
            "compare both sides meanwhile, with what others write on the target (where that can be listened to: client tracking, or notifications that are on already; the run warns otherwise)";
        if (options.Cutover is { } how)
        {
            return $"Move every change, and {beside}, until {(how.When == CutoverWhen.WhenReady ? "every key is proved equal" : "keyferry cutover")}.";
        }

        var until = options.UntilIdle is { } idle ? $"until nothing has changed for {idle.TotalSeconds:0.#} s" : "until Ctrl-C or SIGTERM";
        return options.Capture != CaptureKind.Polling && RunningComparison.IsWanted(options, source)
            ? $"Move every change, and {beside}, {until}."
            : $"Move every change, {until}.";
    }

    private static void AddRestore(List<PlanStep> steps, PlannedCapture capture)
    {
        if (capture.ChangesFlags)
        {
            steps.Add(new PlanStep("restore", FlagsBack));
        }
    }

    private static void AddAfterSwitch(List<PlanStep> steps, CutoverOptions cutover)
    {
        if (cutover.ReverseWindow is { } window)
        {
            steps.Add(
                new PlanStep(
                    "way back",
                    $"For {Words(window)}, or until keyferry rollback or keyferry finish, move what changes on the target back to the source."
                )
            );
        }

        steps.Add(
            new PlanStep(
                "watch old side",
                $"{(cutover.ReverseWindow is null ? $"For {Words(cutover.WatchOld)}, or until keyferry finish" : "Meanwhile")}, name clients that still write to the source, by its slow log (slowlog-log-slower-than 0, slowlog-max-len 4096) or, where that may not be set, by CLIENT LIST.",
                "Put the slow log's settings back."
            )
        );
    }

    private static string Words(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{time.TotalHours:0.##} h"
        : time.TotalMinutes >= 1 ? $"{time.TotalMinutes:0.##} min"
        : $"{time.TotalSeconds:0.##} s";

    private static void AddFunctions(List<PlanStep> steps, MigrationOptions options)
    {
        if (options.Functions)
        {
            steps.Add(
                new PlanStep("functions", "Load the source's functions on every primary of the target; they are compared again at the end.")
            );
        }
    }
}
