using System.Globalization;
using System.Xml.Linq;
using Keyferry.AwsDouble.Caches;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.ElastiCache;

/// <summary>What can only be looked at: subnet groups, versions, events.</summary>
internal sealed class LookUpActions(CacheWorld world)
{
    public const string SubnetGroup = "shop-subnets";

    private static readonly (string Engine, string Version, string Family)[] Versions =
    [
        ("redis", "6.2", "redis6.x"),
        ("redis", "7.0", "redis7"),
        ("redis", "7.1", "redis7"),
        ("valkey", "7.2", "valkey7"),
        ("valkey", "8.0", "valkey8"),
        ("valkey", "8.1", "valkey8"),
    ];

    public void AddTo(Dictionary<string, Func<Question, Task<object?>>> actions)
    {
        actions["DescribeCacheSubnetGroups"] = question => Task.FromResult(DescribeSubnetGroups(question));
        actions["DescribeCacheEngineVersions"] = question => Task.FromResult(DescribeVersions(question));
        actions["DescribeEvents"] = question => Task.FromResult(DescribeEvents(question));
        actions["DescribeUpdateActions"] = question => Task.FromResult(DescribeUpdates(question));
    }

    private object? DescribeUpdates(Question question)
    {
        var (groups, clusters) = (question.List("ReplicationGroupIds", "member"), question.List("CacheClusterIds", "member"));
        _ = (question.Get("ServiceUpdateName"), question.Get("Engine"), question.List("UpdateActionStatus", "member"));
        return Pages.Of(
            question,
            "UpdateActions",
            [
                .. world
                    .Updates.Where(one => groups.Concat(clusters).Contains(one.CacheId))
                    .Select(one => new XElement(
                        "UpdateAction",
                        new XElement(clusters.Contains(one.CacheId) ? "CacheClusterId" : "ReplicationGroupId", one.CacheId),
                        new XElement("ServiceUpdateName", one.Name),
                        new XElement("ServiceUpdateSeverity", one.Severity),
                        new XElement("ServiceUpdateStatus", "available"),
                        new XElement("ServiceUpdateRecommendedApplyByDate", "2030-01-31T00:00:00.000Z"),
                        new XElement("ServiceUpdateType", "security-update"),
                        new XElement("UpdateActionStatus", one.Status)
                    )),
            ]
        );
    }

    private object? DescribeSubnetGroups(Question question)
    {
        if (question.Get("CacheSubnetGroupName") is { } name && name != SubnetGroup)
        {
            throw new RefusalException("CacheSubnetGroupNotFoundFault", $"CacheSubnetGroup {name} not found.");
        }

        return Pages.Of(
            question,
            "CacheSubnetGroups",
            [
                new XElement(
                    "CacheSubnetGroup",
                    new XElement("CacheSubnetGroupName", SubnetGroup),
                    new XElement("CacheSubnetGroupDescription", "The shop's"),
                    new XElement("VpcId", "vpc-0abc"),
                    new XElement(
                        "Subnets",
                        world.CacheSubnets.Select(static one => new XElement(
                            "Subnet",
                            new XElement("SubnetIdentifier", one.Key),
                            new XElement("SubnetAvailabilityZone", new XElement("Name", AwsServer.Region + one.Value))
                        ))
                    )
                ),
            ]
        );
    }

    private static object? DescribeVersions(Question question)
    {
        var (engine, version) = (question.Get("Engine"), question.Get("EngineVersion"));
        _ = (question.Get("CacheParameterGroupFamily"), question.Flag("DefaultOnly"));
        return Pages.Of(
            question,
            "CacheEngineVersions",
            [
                .. Versions
                    .Where(one => (engine is null || one.Engine == engine) && (version is null || one.Version == version))
                    .Select(static one => new XElement(
                        "CacheEngineVersion",
                        new XElement("Engine", one.Engine),
                        new XElement("EngineVersion", one.Version),
                        new XElement("CacheParameterGroupFamily", one.Family)
                    )),
            ]
        );
    }

    private object? DescribeEvents(Question question)
    {
        var (source, type) = (question.Get("SourceIdentifier"), question.Get("SourceType"));
        _ = (question.Number("Duration"), question.Get("StartTime"), question.Get("EndTime"));
        return Pages.Of(
            question,
            "Events",
            [
                .. world
                    .Events.Where(one => (source is null || one.Source == source) && (type is null || one.Type == type))
                    .Select(static one => new XElement(
                        "Event",
                        new XElement("SourceIdentifier", one.Source),
                        new XElement("SourceType", one.Type),
                        new XElement("Message", one.Message),
                        new XElement("Date", one.At.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture))
                    )),
            ]
        );
    }
}
