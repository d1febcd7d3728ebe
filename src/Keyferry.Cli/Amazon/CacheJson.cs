using System.Text.Json;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Cli.Output;
using Keyferry.Notifications;

namespace Keyferry.Cli.Amazon;

/// <summary>Caches and their notifications for programs: one object on one line.</summary>
internal static class CacheJson
{
    /// <summary><c>keyferry notifications status --elasticache ID --json</c></summary>
    public static void WriteStatus(TextWriter to, Cache cache, string group, NotificationFlags flags, bool sufficient) =>
        JsonAnswer.Write(
            to,
            json =>
            {
                json.WriteString("elasticache", cache.Id);
                json.WriteString("kind", cache.KindWords);
                json.WriteString("parameterGroup", group);
                json.WriteString("flags", flags.ToConfigText());
                json.WriteBoolean("sufficient", sufficient);
                json.WriteBoolean("inSync", cache.Members.All(static member => member.IsSettled));
            }
        );

    /// <summary><c>keyferry notifications test --elasticache ID --json</c></summary>
    public static void WriteTest(TextWriter to, Cache cache, IReadOnlyList<NodeFinding> findings) =>
        JsonAnswer.Write(
            to,
            json =>
            {
                json.WriteString("elasticache", cache.Id);
                json.WriteStartArray("nodes");
                foreach (var finding in findings)
                {
                    json.WriteStartObject();
                    json.WriteString("node", finding.Node);
                    json.WriteBoolean("replica", finding.IsReplica);
                    json.WriteBoolean("proved", finding.Proved);
                    json.WriteString("words", finding.Result?.Words ?? finding.Unreached?.Saw);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }
        );

    /// <summary>One cache of <c>keyferry elasticache list --json</c> and <c>show --json</c>.</summary>
    public static void WriteCache(TextWriter to, Cache cache) =>
        JsonAnswer.Write(
            to,
            json =>
            {
                json.WriteString("id", cache.Id);
                json.WriteString("kind", cache.KindWords);
                json.WriteString("status", cache.Status);
                json.WriteString("engine", cache.Engine);
                json.WriteString("engineVersion", cache.EngineVersion);
                json.WriteString("endpoint", cache.Address?.ToString());
                json.WriteBoolean("tls", cache.Tls);
                json.WriteString("authentication", cache.Auth.ToString().ToLowerInvariant());
                json.WriteString("pending", cache.Pending);
                json.WriteStartArray("members");
                foreach (var member in cache.Members)
                {
                    json.WriteStartObject();
                    json.WriteString("id", member.Id);
                    json.WriteString("status", member.Status);
                    json.WriteString("endpoint", member.Address?.ToString());
                    json.WriteString("parameterGroup", member.ParameterGroup);
                    json.WriteString("applyStatus", member.ApplyStatus);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }
        );
}
