using System.Text.Json.Nodes;

namespace Keyferry.Aws.Stacks;

/// <summary>The functions of CloudFormation templates, as nodes. Each call makes a new node: a node has one parent.</summary>
internal static class Cfn
{
    public static JsonObject Ref(string name) => new() { ["Ref"] = name };

    public static JsonObject Att(string resource, string attribute) => new() { ["Fn::GetAtt"] = new JsonArray(resource, attribute) };

    public static JsonObject Sub(string text) => new() { ["Fn::Sub"] = text };

    public static JsonObject If(string condition, JsonNode then, JsonNode otherwise) =>
        new() { ["Fn::If"] = new JsonArray(condition, then, otherwise) };

    public static JsonObject IfOnly(string condition, JsonNode then) => If(condition, then, Ref("AWS::NoValue"));

    public static JsonObject IsGiven(string parameter) =>
        new() { ["Fn::Not"] = new JsonArray(new JsonObject { ["Fn::Equals"] = new JsonArray(Ref(parameter), "") }) };

    public static JsonObject Is(string parameter, string value) => new() { ["Fn::Equals"] = new JsonArray(Ref(parameter), value) };

    public static JsonObject Find(string map, JsonNode key, string second) => new() { ["Fn::FindInMap"] = new JsonArray(map, key, second) };

    public static JsonObject Split(string at, JsonNode text) => new() { ["Fn::Split"] = new JsonArray(at, text) };

    public static JsonObject Join(string between, params JsonNode[] texts) =>
        new() { ["Fn::Join"] = new JsonArray(between, new JsonArray(texts)) };

    /// <summary>A resource.</summary>
    public static JsonObject Resource(
        string type,
        JsonObject properties,
        string? condition = null,
        string? dependsOn = null,
        bool retain = false
    )
    {
        var resource = new JsonObject { ["Type"] = type };
        if (condition is not null)
        {
            resource["Condition"] = condition;
        }

        if (dependsOn is not null)
        {
            resource["DependsOn"] = dependsOn;
        }

        if (retain)
        {
            (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) = ("Retain", "Retain");
        }

        resource["Properties"] = properties;
        return resource;
    }

    /// <summary>A role that one service takes on, with policies of its own.</summary>
    public static JsonObject Role(string service, JsonArray managed, JsonArray policies)
    {
        var statement = new JsonObject
        {
            ["Effect"] = "Allow",
            ["Principal"] = new JsonObject { ["Service"] = service },
            ["Action"] = "sts:AssumeRole",
        };
        if (service == "ecs-tasks.amazonaws.com")
        {
            statement["Condition"] = new JsonObject { ["StringEquals"] = new JsonObject { ["aws:SourceAccount"] = Ref("AWS::AccountId") } };
        }

        var properties = new JsonObject
        {
            ["AssumeRolePolicyDocument"] = new JsonObject { ["Version"] = "2012-10-17", ["Statement"] = new JsonArray(statement) },
            ["Policies"] = policies,
        };
        if (managed.Count > 0)
        {
            properties["ManagedPolicyArns"] = managed;
        }

        return Resource("AWS::IAM::Role", properties);
    }

    /// <summary>A policy of a role.</summary>
    public static JsonObject Policy(string name, params JsonNode[] statements) =>
        new()
        {
            ["PolicyName"] = name,
            ["PolicyDocument"] = new JsonObject { ["Version"] = "2012-10-17", ["Statement"] = new JsonArray(statements) },
        };

    /// <summary>A statement that allows.</summary>
    public static JsonObject Allow(JsonNode resource, params string[] actions) =>
        new()
        {
            ["Effect"] = "Allow",
            ["Action"] = new JsonArray([.. actions.Select(static action => (JsonNode)action)]),
            ["Resource"] = resource,
        };
}
