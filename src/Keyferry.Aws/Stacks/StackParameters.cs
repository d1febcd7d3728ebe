using System.Text.Json.Nodes;

namespace Keyferry.Aws.Stacks;

/// <summary>What a stack can be told: the parameters of migration guides, and ours, which all have defaults.</summary>
internal static class StackParameters
{
    /// <summary>The parameters.</summary>
    /// <param name="image">The default of the image, or <see langword="null"/>.</param>
    public static JsonObject All(string? image)
    {
        var container = Text("The image that the Dockerfile of Keyferry builds, in a registry that the task can reach");
        if (image is not null)
        {
            container["Default"] = image;
        }

        var all = new JsonObject
        {
            ["SourceElastiCacheClusterId"] = Text(
                "Id of the replication group, cluster or serverless cache",
                pattern: "^[A-Za-z][A-Za-z0-9-]{0,49}$"
            ),
            ["TargetRedisURI"] = Hidden(
                "Target as rediss://user:password@host:port. It becomes a secret; TargetSecretArn keeps it out of the stack's parameters altogether",
                "^$|^[a-z+]+://.+$"
            ),
            ["TargetSecretArn"] = Text(
                "Secret whose text is the target's URI, instead of TargetRedisURI",
                "",
                "^$|^arn:aws[a-z-]*:secretsmanager:.+$"
            ),
            ["SyncMode"] = Choice(
                "LIVE copies and follows; SNAPSHOT (or SCAN) copies once; LIVEONLY follows only",
                "LIVE",
                "LIVE",
                "SNAPSHOT",
                "SCAN",
                "LIVEONLY"
            ),
            ["EnableLiveSync"] = Choice("false makes a snapshot of SyncMode LIVE", "true", "true", "false"),
            ["SourceSecretArn"] = Text(
                "Secret with the keys username and password of the source; empty where it asks for none",
                "",
                "^$|^arn:aws[a-z-]*:secretsmanager:.+$"
            ),
            ["SourceIamUserId"] = Text("ElastiCache user that proves itself by IAM, instead of a secret", "", "^[A-Za-z0-9-]*$"),
            ["TargetKeys"] = Choice(
                "What becomes of keys that the target already has; refuse does not start on a target with keys",
                "refuse",
                "refuse",
                "merge",
                "replace"
            ),
            ["Capture"] = Choice("How changes are captured", "auto", "auto", "notifications", "tracking", "polling"),
        };
        foreach (var (name, parameter) in OfTheTask(container))
        {
            all[name] = parameter;
        }

        return all;
    }

    /// <summary>The guides' words for modes, as the program's.</summary>
    public static JsonObject Mappings()
    {
        JsonObject Mode(string with, string without) => new() { ["true"] = with, ["false"] = without };
        return new JsonObject
        {
            ["Modes"] = new JsonObject
            {
                ["LIVE"] = Mode("live", "snapshot"),
                ["SNAPSHOT"] = Mode("snapshot", "snapshot"),
                ["SCAN"] = Mode("snapshot", "snapshot"),
                ["LIVEONLY"] = Mode("live-only", "live-only"),
            },
        };
    }

    /// <summary>What must be given together.</summary>
    public static JsonObject Rules()
    {
        JsonObject Either(string first, string second) => new() { ["Fn::Or"] = new JsonArray(Cfn.IsGiven(first), Cfn.IsGiven(second)) };
        JsonObject NotBoth(string first, string second) =>
            new() { ["Fn::Not"] = new JsonArray(new JsonObject { ["Fn::And"] = new JsonArray(Cfn.IsGiven(first), Cfn.IsGiven(second)) }) };
        JsonObject Rule(JsonObject assert, string words) =>
            new() { ["Assertions"] = new JsonArray(new JsonObject { ["Assert"] = assert, ["AssertDescription"] = words }) };
        return new JsonObject
        {
            ["TargetIsNamed"] = Rule(Either("TargetRedisURI", "TargetSecretArn"), "Give TargetSecretArn, or TargetRedisURI"),
            ["TargetIsNamedOnce"] = Rule(NotBoth("TargetRedisURI", "TargetSecretArn"), "Give TargetSecretArn or TargetRedisURI, not both"),
            ["SourceLogsInOneWay"] = Rule(
                NotBoth("SourceSecretArn", "SourceIamUserId"),
                "Give SourceSecretArn or SourceIamUserId, not both"
            ),
        };
    }

    /// <summary>The conditions.</summary>
    public static JsonObject Conditions() =>
        new()
        {
            ["HasTargetUri"] = Cfn.IsGiven("TargetRedisURI"),
            ["HasSourceSecret"] = Cfn.IsGiven("SourceSecretArn"),
            ["HasIamUser"] = Cfn.IsGiven("SourceIamUserId"),
            ["RefusesKeys"] = Cfn.Is("TargetKeys", "refuse"),
            ["HasEmail"] = Cfn.IsGiven("AlarmEmail"),
            ["IsRunning"] = Cfn.Is("DesiredCount", "1"),
            ["NamesTargetPort"] = new JsonObject { ["Fn::Not"] = new JsonArray(Cfn.Is("TargetPort", "0")) },
            // Two rules that let out to the same place are refused by EC2.
            ["TargetIsLetOutTo"] = new JsonObject
            {
                ["Fn::And"] = new JsonArray(
                    Cfn.Is("TargetCidr", "0.0.0.0/0"),
                    new JsonObject { ["Fn::Or"] = new JsonArray(Cfn.Is("TargetPort", "443"), Cfn.Is("TargetPort", "2049")) }
                ),
            },
            ["HasTwoZones"] = new JsonObject { ["Fn::Not"] = new JsonArray(Cfn.Is("AvailabilityZones", "1")) },
            ["HasThreeZones"] = Cfn.Is("AvailabilityZones", "3"),
        };

    private static IEnumerable<(string Name, JsonObject Parameter)> OfTheTask(JsonObject container) =>
        [
            ("ContainerImage", container),
            ("CpuArchitecture", Choice("Of the image", "X86_64", "X86_64", "ARM64")),
            (
                "AssignPublicIp",
                Choice(
                    "Whether the task gets a public address, without which it does not get out of a subnet that has an internet gateway; auto finds that out",
                    "auto",
                    "auto",
                    "DISABLED",
                    "ENABLED"
                )
            ),
            (
                "AvailabilityZones",
                Number(
                    "In how many zones the task may run: in the cache's subnets there. Each has a mount of the state",
                    "2",
                    1,
                    NetworkResources.MostZones
                )
            ),
            (
                "TargetPort",
                Number(
                    "The only port that the task is let out to at the target; 0 for any, since the port stands in the URI",
                    "0",
                    0,
                    65535
                )
            ),
            ("TargetCidr", Text("The only network that the task is let out to for the target", "0.0.0.0/0")),
            ("DesiredCount", Number("1 runs, 0 stops", "1", 0, 1)),
            ("MaxLagSeconds", Number("Alarm beyond this lag", "30", 1, 86400)),
            ("AlarmEmail", Text("Where alarms are sent; empty for nowhere", "")),
            (
                "LogRetentionDays",
                new JsonObject
                {
                    ["Type"] = "Number",
                    ["Default"] = 30,
                    ["AllowedValues"] = new JsonArray(7, 14, 30, 90),
                    ["Description"] = "Days for which the logs stay, after the stack as well",
                }
            ),
        ];

    private static JsonObject Text(string description, string? fallback = null, string? pattern = null)
    {
        var parameter = new JsonObject { ["Type"] = "String", ["Description"] = description };
        if (fallback is not null)
        {
            parameter["Default"] = fallback;
        }

        if (pattern is not null)
        {
            parameter["AllowedPattern"] = pattern;
        }

        return parameter;
    }

    private static JsonObject Hidden(string description, string pattern)
    {
        var parameter = Text(description, "", pattern);
        parameter["NoEcho"] = true;
        return parameter;
    }

    private static JsonObject Choice(string description, string fallback, params string[] values)
    {
        var parameter = Text(description, fallback);
        parameter["AllowedValues"] = new JsonArray([.. values.Select(static value => (JsonNode)value)]);
        return parameter;
    }

    private static JsonObject Number(string description, string fallback, int least, int most) =>
        new()
        {
            ["Type"] = "Number",
            ["Default"] = int.Parse(fallback),
            ["MinValue"] = least,
            ["MaxValue"] = most,
            ["Description"] = description,
        };
}
