using System.Text.Json.Nodes;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.Others;

/// <summary>The section Rules of a template: what CloudFormation checks of the parameters before it makes anything.</summary>
internal static class TemplateRules
{
    /// <summary>Refuses parameters that break a rule, with the rule's own words.</summary>
    public static void Check(JsonObject template, IReadOnlyDictionary<string, string> parameters)
    {
        foreach (var (_, rule) in template["Rules"] as JsonObject ?? [])
        {
            foreach (var one in rule?["Assertions"] as JsonArray ?? [])
            {
                if (!Holds(one?["Assert"], parameters))
                {
                    throw new RefusalException("ValidationError", $"Template error: {one?["AssertDescription"]}");
                }
            }
        }
    }

    /// <summary>Whether a resource is part of the stack: it has no condition, or one that holds.</summary>
    public static bool IsMade(JsonObject template, JsonNode? resource, IReadOnlyDictionary<string, string> parameters) =>
        (string?)resource?["Condition"] is not { } name || Holds(template["Conditions"]?[name], parameters);

    /// <summary>Why EC2 would refuse a security group: two rules that say the same.</summary>
    public static string? Trouble(JsonObject template, JsonNode? resource, IReadOnlyDictionary<string, string> parameters)
    {
        if (resource?["Properties"]?["SecurityGroupEgress"] is not JsonArray rules)
        {
            return null;
        }

        var said = rules
            .Select(rule => Chosen(rule, template, parameters))
            .OfType<JsonObject>()
            .Where(static rule => !rule.ContainsKey("Ref"))
            .Select(rule =>
                string.Join(
                    ' ',
                    rule.Where(static one => one.Key != "Description")
                        .Select(one => $"{one.Key}={Text(Chosen(one.Value, template, parameters), parameters)}")
                )
            )
            .ToList();
        return said.Count == said.Distinct(StringComparer.Ordinal).Count()
            ? null
            : "The same permission must not appear multiple times (Service: Ec2, Status Code: 400)";
    }

    /// <summary>What an Fn::If comes to.</summary>
    private static JsonNode? Chosen(JsonNode? node, JsonObject template, IReadOnlyDictionary<string, string> parameters) =>
        node is JsonObject { Count: 1 } one && one["Fn::If"] is JsonArray { Count: 3 } branches
            ? Chosen(
                Holds(template["Conditions"]?[branches[0]?.ToString() ?? ""], parameters) ? branches[1] : branches[2],
                template,
                parameters
            )
            : node;

    private static bool Holds(JsonNode? condition, IReadOnlyDictionary<string, string> parameters)
    {
        var (name, operands) =
            condition is JsonObject { Count: 1 } one && one.First() is { Value: JsonArray list } function
                ? (function.Key, list)
                : throw new RefusalException("ValidationError", $"Template error: {condition?.ToJsonString()} is no condition");
        return name switch
        {
            "Fn::And" => operands.All(operand => Holds(operand, parameters)),
            "Fn::Or" => operands.Any(operand => Holds(operand, parameters)),
            "Fn::Not" => !Holds(operands[0], parameters),
            "Fn::Equals" => Text(operands[0], parameters) == Text(operands[1], parameters),
            _ => throw new RefusalException("ValidationError", $"Template error: {name} is not known in rules"),
        };
    }

    private static string Text(JsonNode? node, IReadOnlyDictionary<string, string> parameters) =>
        node is JsonObject { Count: 1 } one
        && one["Ref"] is JsonValue reference
        && parameters.TryGetValue(reference.ToString(), out var value)
            ? value
            : node?.ToJsonString().Trim('"') ?? "";
}
