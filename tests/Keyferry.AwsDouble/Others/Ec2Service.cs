using System.Globalization;
using System.Xml.Linq;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.Others;

/// <summary>EC2: looking at networks.</summary>
internal sealed class Ec2Service : IService
{
    private readonly NetworkWorld _world;

    public Ec2Service(NetworkWorld world)
    {
        _world = world;
        Actions = new Dictionary<string, Func<Question, Task<object?>>>(StringComparer.Ordinal)
        {
            ["DescribeSubnets"] = question => Task.FromResult(Subnets(question)),
            ["DescribeSecurityGroups"] = question => Task.FromResult(SecurityGroups(question)),
            ["DescribeNetworkAcls"] = question => Task.FromResult(Acls(question)),
            ["DescribeRouteTables"] = question => Task.FromResult(Tables(question)),
            ["DescribeNetworkInterfaces"] = question => Task.FromResult(Interfaces(question)),
        };
    }

    public XNamespace Space => "http://ec2.amazonaws.com/doc/2016-11-15/";

    public IReadOnlyDictionary<string, Func<Question, Task<object?>>> Actions { get; }

    public IEnumerable<string> ResourcesOf(Question question) => ["*"];

    private object? Subnets(Question question)
    {
        var ids = Flat(question, "SubnetId");
        var filters = Filters(question, "vpc-id");
        Known(ids, _world.Subnets.Select(static one => one.Id), "InvalidSubnetID.NotFound", "subnet ID");
        return List(
            "subnetSet",
            _world
                .Subnets.Where(one => ids.Count == 0 || ids.Contains(one.Id))
                .Where(one => filters.GetValueOrDefault("vpc-id")?.Contains(one.Vpc) != false)
                .Select(static one =>
                    Item(
                        ("subnetId", one.Id),
                        ("vpcId", one.Vpc),
                        ("cidrBlock", one.Network),
                        ("availabilityZone", AwsServer.Region + one.Zone),
                        ("mapPublicIpOnLaunch", "false")
                    )
                )
        );
    }

    private object? SecurityGroups(Question question)
    {
        var ids = Flat(question, "GroupId");
        question.NothingElse();
        Known(ids, _world.Groups.Keys, "InvalidGroup.NotFound", "security group");
        return List(
            "securityGroupInfo",
            _world
                .Groups.Where(one => ids.Count == 0 || ids.Contains(one.Key))
                .Select(static one =>
                    Item(
                        ("groupId", one.Key),
                        ("groupName", one.Key[4..]),
                        ("groupDescription", "of the double"),
                        ("ownerId", AwsServer.Account),
                        ("vpcId", one.Value.Vpc),
                        ("ipPermissions", one.Value.Ingress.Select(Rule)),
                        ("ipPermissionsEgress", one.Value.Egress.Select(Rule)),
                        ("tagSet", null)
                    )
                )
        );
    }

    private static XElement Rule(RuleState rule)
    {
        var ports = rule.Protocol == "-1" ? Array.Empty<(string, object?)>() : [("fromPort", Text(rule.From)), ("toPort", Text(rule.To))];
        return Item([
            ("ipProtocol", rule.Protocol),
            .. ports,
            ("groups", rule.Group is null ? null : Item(("groupId", rule.Group), ("userId", AwsServer.Account))),
            ("ipRanges", rule.Network is null ? null : Item(("cidrIp", rule.Network))),
            ("ipv6Ranges", null),
            ("prefixListIds", rule.PrefixList is null ? null : Item(("prefixListId", rule.PrefixList))),
        ]);
    }

    private object? Acls(Question question)
    {
        var filters = Filters(question, "association.subnet-id", "vpc-id");
        return List(
            "networkAclSet",
            _world
                .Acls.Where(one =>
                    filters.GetValueOrDefault("association.subnet-id") is not { } wanted || one.Subnets.Intersect(wanted).Any()
                )
                .Select(static one =>
                    Item(
                        ("networkAclId", one.Id),
                        ("vpcId", one.Vpc),
                        ("default", "false"),
                        (
                            "entrySet",
                            one.Entries.Select(static entry =>
                                Item([
                                    ("ruleNumber", Text(entry.Number)),
                                    ("protocol", entry.Protocol),
                                    ("ruleAction", entry.Allows ? "allow" : "deny"),
                                    ("egress", entry.IsEgress ? "true" : "false"),
                                    ("cidrBlock", entry.Network),
                                    .. entry.Protocol == "-1"
                                        ? Array.Empty<(string, object?)>()
                                        :
                                        [
                                            (
                                                "portRange",
                                                new object[] { new XElement("from", Text(entry.From)), new XElement("to", Text(entry.To)) }
                                            ),
                                        ],
                                ])
                            )
                        ),
                        (
                            "associationSet",
                            one.Subnets.Select(subnet =>
                                Item(("networkAclAssociationId", "aclassoc-0"), ("networkAclId", one.Id), ("subnetId", subnet))
                            )
                        )
                    )
                )
        );
    }

    private object? Tables(Question question)
    {
        var filters = Filters(question, "vpc-id", "association.subnet-id");
        return List(
            "routeTableSet",
            _world
                .Tables.Where(one => filters.GetValueOrDefault("vpc-id")?.Contains(one.Vpc) != false)
                .Where(one => filters.GetValueOrDefault("association.subnet-id") is not { } wanted || one.Subnets.Intersect(wanted).Any())
                .Select(static one =>
                    Item(
                        ("routeTableId", one.Id),
                        ("vpcId", one.Vpc),
                        (
                            "routeSet",
                            one.Routes.Select(static route =>
                                Item(
                                    ("destinationCidrBlock", route.Network),
                                    (route.Kind, route.Target),
                                    ("state", route.IsActive ? "active" : "blackhole"),
                                    ("origin", "CreateRoute")
                                )
                            )
                        ),
                        (
                            "associationSet",
                            one.IsMain
                                ? [Item(("routeTableAssociationId", "rtbassoc-0"), ("routeTableId", one.Id), ("main", "true"))]
                                : one.Subnets.Select(subnet =>
                                    Item(
                                        ("routeTableAssociationId", "rtbassoc-1"),
                                        ("routeTableId", one.Id),
                                        ("subnetId", subnet),
                                        ("main", "false")
                                    )
                                )
                        )
                    )
                )
        );
    }

    private object? Interfaces(Question question)
    {
        var filters = Filters(question, "mac-address", "addresses.private-ip-address", "vpc-id");
        return List(
            "networkInterfaceSet",
            _world
                .Interfaces.Where(one =>
                    filters.GetValueOrDefault("mac-address")?.Contains(one.Hardware) != false
                    && filters.GetValueOrDefault("addresses.private-ip-address")?.Contains(one.Address) != false
                    && filters.GetValueOrDefault("vpc-id")?.Contains(one.Vpc) != false
                )
                .Select(static one =>
                    Item(
                        ("networkInterfaceId", one.Id),
                        ("subnetId", one.Subnet),
                        ("vpcId", one.Vpc),
                        ("macAddress", one.Hardware),
                        ("privateIpAddress", one.Address),
                        ("description", "of a task"),
                        ("groupSet", one.Groups.Select(static group => Item(("groupId", group), ("groupName", group[4..]))))
                    )
                )
        );
    }

    private static XElement List(string name, IEnumerable<XElement> items) => new(name, items);

    private static XElement Item(params (string Name, object? Content)[] fields) =>
        new("item", fields.Select(static field => new XElement(field.Name, field.Content)));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The filters of a question: <c>Filter.1.Name</c>, <c>Filter.1.Value.1</c>, ...; one that the double does not know is refused.</summary>
    private static Dictionary<string, List<string>> Filters(Question question, params string[] known)
    {
        var filters = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        for (var index = 1; question.Get($"Filter.{Text(index)}.Name") is { } name; index++)
        {
            if (!known.Contains(name))
            {
                throw new RefusalException("InvalidParameterValue", $"The filter '{name}' is invalid");
            }

            filters[name] = Flat(question, $"Filter.{Text(index)}.Value");
        }

        question.NothingElse();
        return filters;
    }

    // EC2's lists are flat: SubnetId.1, SubnetId.2.
    private static List<string> Flat(Question question, string name)
    {
        var found = new List<string>();
        for (var index = 1; question.Get($"{name}.{Text(index)}") is { } value; index++)
        {
            found.Add(value);
        }

        return found;
    }

    private static void Known(List<string> ids, IEnumerable<string> all, string code, string what)
    {
        if (ids.Except(all).FirstOrDefault() is { } strange)
        {
            throw new RefusalException(code, $"The {what} '{strange}' does not exist");
        }
    }
}
