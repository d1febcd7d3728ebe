using System.Collections;
using System.Reflection;

namespace Keyferry.Simulation.Scheduling;

/// <summary>Tells what a task waits for, and what that waits for, by looking into the compiler's state machines.</summary>
internal static class AsyncStack
{
    private const BindingFlags Everything = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>One indented line for each method that waits.</summary>
    public static IReadOnlyList<string> Of(Task task)
    {
        var lines = new List<string>();
        Describe(task, 1, lines, new HashSet<object>(ReferenceEqualityComparer.Instance));
        return lines;
    }

    private static void Describe(object? awaited, int depth, List<string> lines, HashSet<object> seen)
    {
        if (awaited is null || awaited is Task { IsCompleted: true } || depth > 30 || lines.Count > 200 || !seen.Add(awaited))
        {
            return;
        }

        if (Field(awaited, "StateMachine") is { } machine)
        {
            lines.Add($"{new string(' ', depth * 2)}{NameOf(machine.GetType())}");
            foreach (var inner in AwaitersOf(machine))
            {
                Describe(inner, depth + 1, lines, seen);
            }

            return;
        }

        var children = ChildrenOf(awaited);
        if (children.Count == 0)
        {
            lines.Add($"{new string(' ', depth * 2)}{awaited.GetType().Name}");
        }

        foreach (var child in children)
        {
            Describe(child, depth, lines, seen);
        }
    }

    private static string NameOf(Type machine)
    {
        var name = machine.Name;
        var (open, close) = (name.IndexOf('<'), name.IndexOf('>'));
        return $"{machine.DeclaringType?.Name}.{(open >= 0 && close > open ? name[(open + 1)..close] : name)}";
    }

    private static IEnumerable<object?> AwaitersOf(object machine) =>
        from field in machine.GetType().GetFields(Everything)
        where field.Name.StartsWith("<>u__", StringComparison.Ordinal)
        select Unwrap(field.GetValue(machine));

    /// <summary>From an awaiter to the task or state machine behind it.</summary>
    private static object? Unwrap(object? awaiter)
    {
        for (var depth = 0; depth < 5 && awaiter is not null and not Task; depth++)
        {
            if (Field(awaiter, "StateMachine") is not null)
            {
                return awaiter;
            }

            var inner =
                Field(awaiter, "m_task") ?? Field(awaiter, "_value") ?? Field(awaiter, "_obj") ?? Field(awaiter, "m_configuredTaskAwaiter");
            if (inner is null)
            {
                return awaiter.GetType().IsValueType ? null : awaiter;
            }

            awaiter = inner;
        }

        return awaiter;
    }

    private static List<object> ChildrenOf(object promise)
    {
        var children = new List<object>();
        foreach (var field in FieldsOf(promise.GetType()).Where(field => !field.Name.StartsWith("m_cont", StringComparison.Ordinal)))
        {
            switch (field.GetValue(promise))
            {
                case Task task:
                    children.Add(task);
                    break;
                case IEnumerable many when field.Name is "m_tasks" or "_tasks":
                    children.AddRange(many.OfType<Task>());
                    break;
            }
        }

        return children;
    }

    private static IEnumerable<FieldInfo> FieldsOf(Type type)
    {
        for (var level = type; level is not null && level != typeof(object); level = level.BaseType)
        {
            foreach (var field in level.GetFields(Everything | BindingFlags.DeclaredOnly))
            {
                yield return field;
            }
        }
    }

    private static object? Field(object owner, string name) =>
        FieldsOf(owner.GetType()).FirstOrDefault(field => field.Name == name)?.GetValue(owner);
}
