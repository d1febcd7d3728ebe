using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Keyferry.Aws.Stacks;

namespace Keyferry.Aws.Tests.Stacks;

/// <summary>What must hold of the template, checked offline; tools/check-stack runs the two published checkers over it as well.</summary>
public sealed class StackTemplateTests
{
    private static readonly JsonObject _template = JsonNode.Parse(StackTemplate.Write("image:1")) as JsonObject ?? [];

    private static JsonObject Resources => _template[nameof(Resources)] as JsonObject ?? [];

    [Fact]
    public void Parameters_of_the_guide_are_all_that_has_to_be_given()
    {
        string[] guide = ["SourceElastiCacheClusterId", "TargetRedisURI", "SyncMode", "EnableLiveSync"];
        var parameters = _template["Parameters"] as JsonObject ?? [];
        Assert.All(guide, name => Assert.True(parameters.ContainsKey(name), name));
        var needed = parameters.Where(static one => one.Value?["Default"] is null).Select(static one => one.Key);
        Assert.Equal(["SourceElastiCacheClusterId"], needed);
        Assert.Contains("LIVE", parameters["SyncMode"]?["AllowedValues"]?.AsArray().Select(static one => (string?)one) ?? []);
    }

    [Fact]
    public void It_fits_into_one_call() => Assert.InRange(StackTemplate.Write("image:1").Length, 1, 51_200);

    [Fact]
    public void Everything_that_is_referred_to_exists()
    {
        var text = _template.ToJsonString();
        var known = Resources
            .Concat(_template["Parameters"] as JsonObject ?? [])
            .Select(static one => one.Key)
            .ToHashSet(StringComparer.Ordinal);
        var named = Regex
            .Matches(
                text,
                @"""Ref"":""(?<name>\w+)""|""Fn::GetAtt"":\[""(?<name>\w+)""|\$\{(?<name>\w+)[.}]",
                RegexOptions.ExplicitCapture,
                TimeSpan.FromSeconds(1)
            )
            .Select(static match => match.Groups["name"].Value)
            .Distinct()
            .ToList();
        Assert.Contains("Network", named);
        Assert.Empty(named.Except(known));
    }

    [Fact]
    public void Every_parameter_and_condition_is_used()
    {
        var text = Resources.ToJsonString() + _template["Conditions"]?.ToJsonString();
        Assert.All(
            _template["Parameters"] as JsonObject ?? [],
            one => Assert.Matches($$"""("Ref":"{{one.Key}}")|(\$\{{{one.Key}}[.}])""", text)
        );
        Assert.All(
            _template["Conditions"] as JsonObject ?? [],
            one => Assert.Contains($"\"{one.Key}\"", Resources.ToJsonString(), StringComparison.Ordinal)
        );
    }

    [Fact]
    public void No_secret_stands_in_the_clear()
    {
        Assert.Equal("true", _template["Parameters"]?["TargetRedisURI"]?["NoEcho"]?.ToJsonString());
        var container = Resources["Task"]?["Properties"]?["ContainerDefinitions"]?[0];
        var environment = container?["Environment"]?.ToJsonString() ?? "";
        Assert.DoesNotContain("TargetRedisURI", environment, StringComparison.Ordinal);
        Assert.Equal("KEYFERRY_TARGET", (string?)container?["Secrets"]?[0]?["Name"]);
        // The target's URI is used once: where it becomes a secret.
        Assert.Single(
            Regex.Matches(Resources.ToJsonString(), "\"Ref\":\"TargetRedisURI\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
        );
    }

    [Fact]
    public void Nobody_is_let_in_but_the_task_at_the_cache_and_at_its_state()
    {
        var rules = Resources.Where(static one => (string?)one.Value?["Type"] == "AWS::EC2::SecurityGroupIngress").ToList();
        var rule = Assert.Single(rules).Value?["Properties"];
        Assert.Contains("TaskGroup", rule?["SourceSecurityGroupId"]?.ToJsonString(), StringComparison.Ordinal);
        var groups = Resources.Where(static one => one.Value?["Properties"]?["SecurityGroupIngress"] is not null).ToList();
        Assert.Equal("StateGroup", Assert.Single(groups).Key);
        Assert.DoesNotContain("CidrIp", groups[0].Value?["Properties"]?["SecurityGroupIngress"]?.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Task_runs_in_the_cache_s_subnets_and_each_zone_has_its_state()
    {
        var network = Resources["Service"]?["Properties"]?["NetworkConfiguration"]?["AwsvpcConfiguration"];
        Assert.Equal("""{"Fn::Split":[",",{"Fn::GetAtt":["Network","SubnetIds"]}]}""", network?["Subnets"]?.ToJsonString());
        var mounts = Resources.Where(static one => (string?)one.Value?["Type"] == "AWS::EFS::MountTarget").ToList();
        Assert.Equal([null, "HasTwoZones", "HasThreeZones"], mounts.Select(static one => (string?)one.Value?["Condition"]));
        // The task is defined after them, and the service comes after the task.
        var task = Resources["Task"]?.ToJsonString() ?? "";
        Assert.All(mounts, one => Assert.Contains($"{{\"Ref\":\"{one.Key}\"}}", task, StringComparison.Ordinal));
    }

    [Fact]
    public void Task_is_let_out_to_any_port_of_the_target_unless_one_is_named()
    {
        // The port stands in the target's URI, which no function of a template can read: a fixed default would shut most targets off.
        var parameters = _template["Parameters"];
        Assert.Equal((0, "0.0.0.0/0"), ((int?)parameters?["TargetPort"]?["Default"], (string?)parameters?["TargetCidr"]?["Default"]));
        var rule = Resources["TaskGroup"]
            ?["Properties"]?["SecurityGroupEgress"]?.AsArray()
            .Select(static one => one?["Fn::If"] is JsonArray { Count: 3 } branches ? branches[2] : one)
            .Single(static one => (string?)one?["Description"] == "to the target");
        Assert.Equal("""{"Fn::If":["NamesTargetPort",{"Ref":"TargetPort"},0]}""", rule?["FromPort"]?.ToJsonString());
        Assert.Equal("""{"Fn::If":["NamesTargetPort",{"Ref":"TargetPort"},65535]}""", rule?["ToPort"]?.ToJsonString());
    }

    [Fact]
    public void Rights_are_those_that_are_known_here_and_star_is_for_looking_only()
    {
        string[] mayChange =
        [
            "secretsmanager:GetSecretValue",
            "elasticache:Connect",
            "elasticfilesystem:ClientMount",
            "elasticfilesystem:ClientWrite",
        ];
        foreach (var statement in Statements(Resources))
        {
            var actions = statement["Action"] is JsonArray list
                ? list.Select(static one => (string?)one ?? "")
                : [(string?)statement["Action"] ?? ""];
            foreach (var action in actions.Where(static action => action != "sts:AssumeRole"))
            {
                var looks = Regex.IsMatch(action, "^(?:elasticache|ec2):Describe", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
                Assert.True(looks || mayChange.Contains(action), action);
                Assert.True(looks || statement["Resource"]?.ToJsonString() != "\"*\"", action);
            }
        }
    }

    [Fact]
    public void Never_two_tasks_at_a_time_and_the_state_outlives_them()
    {
        var deployment = Resources["Service"]?["Properties"]?["DeploymentConfiguration"];
        Assert.Equal((100, 0), ((int?)deployment?["MaximumPercent"], (int?)deployment?["MinimumHealthyPercent"]));
        Assert.Equal(
            "/state",
            (string?)Resources["Task"]?["Properties"]?["ContainerDefinitions"]?[0]?["MountPoints"]?[0]?["ContainerPath"]
        );
    }

    [Fact]
    public void Logs_stay_and_alarms_are_on_lag_gaps_and_silence()
    {
        Assert.Equal("Retain", (string?)Resources["Logs"]?["DeletionPolicy"]);
        var alarms = Resources.Where(static one => (string?)one.Value?["Type"] == "AWS::CloudWatch::Alarm").Select(static one => one.Key);
        Assert.Equal(["LagAlarm", "GapAlarm", "HeartbeatAlarm"], alarms);
        Assert.Contains("ended", (string?)Resources["HeartbeatMetric"]?["Properties"]?["FilterPattern"], StringComparison.Ordinal);
    }

    private static IEnumerable<JsonObject> Statements(JsonNode? node) =>
        node switch
        {
            JsonObject one when one.ContainsKey("Effect") => [one],
            JsonObject one => one.SelectMany(static child => Statements(child.Value)),
            JsonArray many => many.SelectMany(Statements),
            _ => [],
        };
}
