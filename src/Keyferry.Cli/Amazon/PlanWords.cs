using Keyferry.Aws.Notifications;

namespace Keyferry.Cli.Amazon;

/// <summary>The plan of a parameter group's change, for people: what stands there, what will, and each call.</summary>
internal static class PlanWords
{
    /// <summary>Prints it.</summary>
    public static void Print(TextWriter to, GroupPlan plan, string region)
    {
        var (cache, intent) = (plan.Cache, plan.Intent);
        to.WriteLine(
            $"{cache.Id} in {region}: {cache.KindWords}, {cache.Engine} {cache.EngineVersion}, parameter group {string.Join(", ", cache.ParameterGroups)}"
        );
        if (plan.IsEnough)
        {
            to.WriteLine($"{GroupDecision.Letters} = \"{GroupDecision.LettersOf(plan.Values)}\" suffices; nothing is to be changed");
            return;
        }

        if (plan.IsBegun)
        {
            to.WriteLine(
                plan.Calls.Count == 0
                    ? "An earlier command has recorded this change and made every call; nothing of it is left."
                    : "An earlier command has recorded this change; what is left of it follows."
            );
        }

        foreach (var change in intent.Changes)
        {
            to.WriteLine($"{change.Name}: \"{change.Before}\" -> \"{change.After}\"");
        }

        if (intent.IsCopy)
        {
            var why = plan.Others.Count > 0 ? $"is used by {string.Join(", ", plan.Others)} as well" : "cannot be changed";
            to.WriteLine(
                cache.ParameterGroups.Contains(intent.NewGroup)
                    ? $"{cache.Id} has a copy of {intent.OldGroup}: {intent.NewGroup}"
                    : $"{intent.OldGroup} {why}, so that {cache.Id} gets a copy of it: {intent.NewGroup}"
            );
        }

        if (plan.Calls.Count > 0 && intent.Changes.All(static change => change.Name == GroupDecision.Letters))
        {
            to.WriteLine(
                "The limits after which a listener that falls behind is cut off stay as they are; --pubsub-buffers raises them in the same change."
            );
        }

        if (plan.Calls.Count > 0)
        {
            to.WriteLine();
        }

        foreach (var (call, number) in plan.Calls.Select(static (call, index) => (call, index + 1)))
        {
            to.WriteLine($"{number}. {call}");
            to.WriteLine($"   {call.Why}");
        }

        to.WriteLine();
    }
}
