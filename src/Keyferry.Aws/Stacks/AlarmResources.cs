using System.Text.Json.Nodes;

namespace Keyferry.Aws.Stacks;

/// <summary>Numbers out of the run's JSON lines, and alarms on them: lag, open gaps, silence.</summary>
internal static class AlarmResources
{
    /// <summary>The resources with their names.</summary>
    public static IEnumerable<(string Name, JsonObject Resource)> All()
    {
        yield return (
            "AlarmTopic",
            Cfn.Resource(
                "AWS::SNS::Topic",
                new JsonObject
                {
                    ["Subscription"] = new JsonArray(new JsonObject { ["Protocol"] = "email", ["Endpoint"] = Cfn.Ref("AlarmEmail") }),
                },
                condition: "HasEmail"
            )
        );
        yield return ("LagMetric", Metric("LagMilliseconds", "$.counters.oldestWaitingMs"));
        yield return ("GapMetric", Metric("OpenGaps", "$.counters.openGaps"));
        yield return ("HeartbeatMetric", Metric("Heartbeat", "1", "{ ($.type = \"progress\") || ($.type = \"ended\") }"));
        yield return (
            "LagAlarm",
            Alarm(
                "The oldest change that is not on the target is older than MaxLagSeconds",
                "LagMilliseconds",
                "notBreaching",
                3,
                Threshold()
            )
        );
        yield return ("GapAlarm", Alarm("Changes may have been missed and are being looked for", "OpenGaps", "notBreaching", 15, 0));
        yield return ("HeartbeatAlarm", Heartbeat());
    }

    // A template cannot multiply: the alarm's own arithmetic turns milliseconds into seconds.
    private static JsonObject Threshold() => Cfn.Ref("MaxLagSeconds");

    private static JsonObject Namespace() => Cfn.Sub("Keyferry/${AWS::StackName}");

    private static JsonObject Metric(string name, string value, string lines = "{ $.type = \"progress\" }") =>
        Cfn.Resource(
            "AWS::Logs::MetricFilter",
            new JsonObject
            {
                ["LogGroupName"] = Cfn.Ref("Logs"),
                ["FilterPattern"] = lines,
                ["MetricTransformations"] = new JsonArray(
                    new JsonObject
                    {
                        ["MetricNamespace"] = Namespace(),
                        ["MetricName"] = name,
                        ["MetricValue"] = value,
                    }
                ),
            }
        );

    private static JsonObject Alarm(string words, string metric, string missing, int periods, JsonNode threshold)
    {
        var stat = new JsonObject
        {
            ["Metric"] = new JsonObject { ["Namespace"] = Namespace(), ["MetricName"] = metric },
            ["Period"] = 60,
            ["Stat"] = "Maximum",
        };
        var isLag = metric == "LagMilliseconds";
        var metrics = new JsonArray(
            new JsonObject
            {
                ["Id"] = "raw",
                ["MetricStat"] = stat,
                ["ReturnData"] = !isLag,
            }
        );
        if (isLag)
        {
            metrics.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["Id"] = "seconds",
                        ["Expression"] = "raw / 1000",
                        ["ReturnData"] = true,
                    }
            );
        }

        return Cfn.Resource(
            "AWS::CloudWatch::Alarm",
            Common(words, periods, threshold, "GreaterThanThreshold", missing, new JsonObject { ["Metrics"] = metrics })
        );
    }

    private static JsonObject Heartbeat() =>
        Cfn.Resource(
            "AWS::CloudWatch::Alarm",
            Common(
                "The run has said nothing for three minutes",
                3,
                1,
                "LessThanThreshold",
                "breaching",
                new JsonObject
                {
                    ["Namespace"] = Namespace(),
                    ["MetricName"] = "Heartbeat",
                    ["Statistic"] = "Sum",
                    ["Period"] = 60,
                }
            ),
            condition: "IsRunning"
        );

    private static JsonObject Common(string words, int periods, JsonNode threshold, string comparison, string missing, JsonObject what)
    {
        what["AlarmDescription"] = words;
        what["EvaluationPeriods"] = periods;
        what["Threshold"] = threshold;
        what["ComparisonOperator"] = comparison;
        what["TreatMissingData"] = missing;
        what["AlarmActions"] = Cfn.IfOnly("HasEmail", new JsonArray(Cfn.Ref("AlarmTopic")));
        return what;
    }
}
