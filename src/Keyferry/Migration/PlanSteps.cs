using Keyferry.Cutover;

namespace Keyferry.Migration;

/// <summary>The steps of a run as the options shape them: what the dry run prints is what the run does.</summary>
internal static class PlanSteps
{
    /// <summary>The steps in order.</summary>
    public static IReadOnlyList<PlanStep> Of(MigrationOptions options, PlannedCapture capture)
    {
        var steps = new List<PlanStep>();
        if (options.Mode != MigrationMode.Snapshot)
        {
            steps.Add(new PlanStep("arm", capture.Arms));
        }

        AddFunctions(steps, options);
        if (options.Mode != MigrationMode.LiveOnly)
        {
            steps.Add(new PlanStep("copy", "Scan the source and copy every key with its expiry; live changes go first."));
        }

        if (options.TargetKeys == TargetKeys.Replace)
        {
            steps.Add(new PlanStep("remove", "Remove the target's keys that the source does not have."));
        }

        if (options.Mode != MigrationMode.Snapshot)
        {
            steps.Add(
                new PlanStep(
                    "follow",
                    options.Cutover is { } how
                            ? $"Move every change, and compare both sides meanwhile, with what others write on the target (where that can be listened to: client tracking, or notifications that are on already; the run warns otherwise), until {(how.When == CutoverWhen.WhenReady ? "every key is proved equal" : "keyferry cutover")}."
                        : options.UntilIdle is { } idle ? $"Move every change, until nothing has changed for {idle.TotalSeconds:0.#} s."
                        : "Move every change, until Ctrl-C or SIGTERM."
                )
            );
            if (options.Cutover is { } cutover)
            {
                steps.AddRange(CutoverSteps.Of(cutover).Select(static step => new PlanStep(step.Name, step.Does, step.UndoDoes)));
                AddRestore(steps, capture);
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

    private static void AddRestore(List<PlanStep> steps, PlannedCapture capture)
    {
        if (capture.ChangesFlags)
        {
            steps.Add(new PlanStep("restore", "Put the source's notification flags back as they were."));
        }
    }

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
