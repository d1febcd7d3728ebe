using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Keyferry.Aws.Stacks;

/// <summary>The CloudFormation template of a migration that runs beside the cache: one Fargate task, its state, its secrets, its alarms.</summary>
/// <remarks>
/// <para>The parameters of migration guides work as they are; the network is found out from the cache's id by a small function that may only look.</para>
/// <para>No password stands in the template, in the environment of the task in clear, or in a log. What the stack changes outside itself is one ingress rule on the
/// cache's security group, which goes with the stack.</para>
/// </remarks>
internal static class StackTemplate
{
    /// <summary>Writes the template.</summary>
    /// <param name="image">The default of the parameter <c>ContainerImage</c>, or <see langword="null"/> for none.</param>
    public static string Write(string? image)
    {
        var template = new JsonObject
        {
            ["AWSTemplateFormatVersion"] = "2010-09-09",
            ["Description"] =
                "Keyferry: a live migration as one Fargate task beside an ElastiCache cache. Deleting the stack removes everything but the logs, the ingress rule on the cache's group included.",
            // cfn-lint takes a parameter's empty default for the resource of a policy; condition and rule keep that from happening.
            ["Metadata"] = new JsonObject
            {
                ["cfn-lint"] = new JsonObject { ["config"] = new JsonObject { ["ignore_checks"] = new JsonArray("W1030") } },
            },
            ["Parameters"] = StackParameters.All(image),
            ["Mappings"] = StackParameters.Mappings(),
            ["Rules"] = StackParameters.Rules(),
            ["Conditions"] = StackParameters.Conditions(),
            ["Resources"] = Resources(),
            ["Outputs"] = Outputs(),
        };
        using var buffer = new MemoryStream();
        var how = new JsonWriterOptions
        {
            Indented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            NewLine = "\n",
        };
        using (var writer = new Utf8JsonWriter(buffer, how))
        {
            template.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static JsonObject Resources()
    {
        var all = new JsonObject();
        foreach (var (name, resource) in NetworkResources.All().Concat(TaskResources.All()).Concat(AlarmResources.All()))
        {
            all[name] = resource;
        }

        return all;
    }

    private static JsonObject Outputs()
    {
        JsonObject Output(JsonNode value, string description) => new() { ["Value"] = value, ["Description"] = description };
        return new JsonObject
        {
            ["LogGroup"] = Output(Cfn.Ref("Logs"), "Where the run writes; keyferry aws stack logs reads it"),
            ["ClusterName"] = Output(Cfn.Ref("Cluster"), "The ECS cluster"),
            ["ServiceName"] = Output(Cfn.Att("Service", "Name"), "The ECS service"),
            ["TaskSecurityGroup"] = Output(
                Cfn.Att("TaskGroup", "GroupId"),
                "Let this group in at the target, if it is in the same network"
            ),
            ["StopHint"] = Output(
                JsonValue.Create("DesiredCount=0"),
                "Update the stack with this parameter to stop the run; deleting the stack takes the ingress rule away"
            ),
        };
    }
}
