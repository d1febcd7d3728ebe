using System.Xml.Linq;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.Others;

/// <summary>EC2: one VPC with two subnets and two security groups.</summary>
internal sealed class Ec2Service : IService
{
    public XNamespace Space => "http://ec2.amazonaws.com/doc/2016-11-15/";

    public IReadOnlyDictionary<string, Func<Question, Task<object?>>> Actions { get; } =
        new Dictionary<string, Func<Question, Task<object?>>>(StringComparer.Ordinal)
        {
            ["DescribeSubnets"] = static question => Task.FromResult(Subnets(question)),
            ["DescribeSecurityGroups"] = static question => Task.FromResult(SecurityGroups(question)),
        };

    public string ResourceOf(Question question) => "*";

    private static object? Subnets(Question question)
    {
        var ids = Flat(question, "SubnetId");
        question.NothingElse();
        (string Id, string Cidr, string Zone)[] all = [("subnet-0a1", "10.0.1.0/24", "a"), ("subnet-0b2", "10.0.2.0/24", "b")];
        Known(ids, all.Select(static one => one.Id), "InvalidSubnetID.NotFound", "subnet ID");
        return new XElement(
            "subnetSet",
            all.Where(one => ids.Count == 0 || ids.Contains(one.Id))
                .Select(static one => new XElement(
                    "item",
                    new XElement("subnetId", one.Id),
                    new XElement("vpcId", "vpc-0abc"),
                    new XElement("cidrBlock", one.Cidr),
                    new XElement("availabilityZone", AwsServer.Region + one.Zone),
                    new XElement("mapPublicIpOnLaunch", "false")
                ))
        );
    }

    private static object? SecurityGroups(Question question)
    {
        var ids = Flat(question, "GroupId");
        question.NothingElse();
        Known(ids, ["sg-0cache", "sg-0app"], "InvalidGroup.NotFound", "security group");
        return new XElement(
            "securityGroupInfo",
            new[] { "sg-0cache", "sg-0app" }
                .Where(id => ids.Count == 0 || ids.Contains(id))
                .Select(static id => new XElement(
                    "item",
                    new XElement("groupId", id),
                    new XElement("groupName", id[4..]),
                    new XElement("groupDescription", "of the double"),
                    new XElement("ownerId", AwsServer.Account),
                    new XElement("vpcId", "vpc-0abc"),
                    new XElement("ipPermissions"),
                    new XElement("ipPermissionsEgress"),
                    new XElement("tagSet")
                ))
        );
    }

    // EC2's lists are flat: SubnetId.1, SubnetId.2.
    private static List<string> Flat(Question question, string name)
    {
        var found = new List<string>();
        for (var index = 1; question.Get($"{name}.{index}") is { } value; index++)
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
