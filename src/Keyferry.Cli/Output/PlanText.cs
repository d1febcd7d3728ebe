using Keyferry.Migration;

namespace Keyferry.Cli.Output;

/// <summary>What a run would do, in plain words.</summary>
internal static class PlanText
{
    /// <summary>The whole plan; keys are in it only with <paramref name="showKeys"/>.</summary>
    public static string Of(MigrationPlan plan, bool showKeys)
    {
        var databases = plan.Databases.Count == 0 ? "none has keys" : string.Join(", ", plan.Databases);
        var lines = new List<string>
        {
            plan.Refusals.Count == 0 ? "DRY RUN: nothing was written; the run would do this." : "DRY RUN: the run would be refused.",
            "",
            VerdictText.Row("source", plan.Source),
            VerdictText.Row("target", plan.Target),
            VerdictText.Row("databases", databases),
            VerdictText.Row("keys", $"{Quantity.Count(plan.Keys)} on the source, {Quantity.Count(plan.TargetKeyCount)} on the target"),
            VerdictText.Row("clocks", plan.Clocks),
        };
        if (plan.Transfer.Scope.Text is { Length: > 0 } selection)
        {
            lines.Insert(lines.Count - 2, VerdictText.Row("only", selection));
        }

        if (plan.Reads.Length > 0)
        {
            lines.Add(VerdictText.Row("reads", plan.Reads));
        }

        if (plan.Capture.Length > 0)
        {
            lines.Add(VerdictText.Row("capture", plan.Capture));
        }

        var width = plan.Steps.Count == 0 ? 0 : plan.Steps.Max(step => step.Name.Length);
        lines.AddRange(
            VerdictText.Rows(
                "steps",
                plan.Steps.SelectMany((step, index) => Lines(step, $"{index + 1}. ".PadLeft($"{plan.Steps.Count}. ".Length), width))
            )
        );
        lines.AddRange(
            VerdictText.Rows(
                "hooks",
                plan.Hooks switch
                {
                    null => [],
                    [] => ["no program in the folder of hooks may be run yet (chmod +x); it is looked into at every phase and every gap"],
                    var hooks => [$"told of every phase and every gap: {string.Join(", ", hooks)}"],
                }
            )
        );
        lines.AddRange(VerdictText.Rows("unsupported", plan.Unsupported.SelectMany(group => Unsupported(group, showKeys))));
        lines.AddRange(VerdictText.Rows("stays behind", plan.NotMoved));
        lines.AddRange(VerdictText.Rows("warnings", plan.Warnings));
        lines.AddRange(
            VerdictText.Rows("refused", plan.Refusals.SelectMany(refusal => new[] { refusal.Saw, $"what to do: {refusal.Remedy}" }))
        );
        return string.Concat(lines.Select(line => line + Environment.NewLine));
    }

    private static IEnumerable<string> Unsupported(UnsupportedGroup group, bool showKeys) =>
        group.First.Where(_ => showKeys).Select(static key => $"  db {key.Database} {key.Name.Shown()}").Prepend(group.Words);

    private static IEnumerable<string> Lines(PlanStep step, string head, int width)
    {
        yield return $"{head}{step.Name.PadRight(width)}  {step.Does}";
        if (step.Undo.Length > 0)
        {
            yield return $"{"".PadRight(head.Length + width)}  undo: {step.Undo}";
        }
    }
}
