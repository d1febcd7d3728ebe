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
        node is JsonObject { Count: 1 } one && (string?)one["Ref"] is { } name ? parameters[name] : node?.ToString() ?? "";
}
