using System.Xml.Linq;
using Keyferry.Aws.Calls;

namespace Keyferry.Aws.Network;

/// <summary>The calls of EC2 that Keyferry makes: all of them only look. Errors come as <see cref="AwsException"/>.</summary>
/// <remarks>EC2 has a dialect of its own: lists are flat (<c>GroupId.1</c>), and names in answers begin with a small letter.</remarks>
/// <param name="caller">Signs and sends.</param>
internal sealed class Ec2Client(AwsCaller caller)
{
    private readonly QueryClient _query = new(caller, "ec2", "2016-11-15");

    /// <summary>The security groups of those ids.</summary>
    public async ValueTask<IReadOnlyList<SecurityGroup>> SecurityGroupsAsync(IEnumerable<string> ids, CancellationToken stop) =>
        [.. (await ListAsync("DescribeSecurityGroups", "securityGroupInfo", QueryClient.Items("GroupId", ids), stop)).Select(Group)];

    /// <summary>The subnets of those ids.</summary>
    public async ValueTask<IReadOnlyList<Subnet>> SubnetsAsync(IEnumerable<string> ids, CancellationToken stop) =>
        [
            .. (await ListAsync("DescribeSubnets", "subnetSet", QueryClient.Items("SubnetId", ids), stop)).Select(static one => new Subnet(
                one.Required("subnetId"),
                one.Required("vpcId"),
                one.Required("cidrBlock")
            )),
        ];

    /// <summary>The network ACLs of those subnets.</summary>
    public async ValueTask<IReadOnlyList<NetworkAcl>> NetworkAclsAsync(IEnumerable<string> subnets, CancellationToken stop) =>
        [.. (await ListAsync("DescribeNetworkAcls", "networkAclSet", Filter("association.subnet-id", subnets), stop)).Select(Acl)];

    /// <summary>All route tables of those VPCs.</summary>
    public async ValueTask<IReadOnlyList<RouteTable>> RouteTablesAsync(IEnumerable<string> vpcs, CancellationToken stop) =>
        [.. (await ListAsync("DescribeRouteTables", "routeTableSet", Filter("vpc-id", vpcs), stop)).Select(Table)];

    /// <summary>The network interface with that hardware address, or with that private address.</summary>
    /// <param name="filter"><c>mac-address</c> or <c>addresses.private-ip-address</c>.</param>
    /// <param name="value">The address.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>VPC, subnet, private address, and security groups; <see langword="null"/> where there is none.</returns>
    public async ValueTask<(string Vpc, string Subnet, string Address, IReadOnlyList<string> Groups)?> InterfaceAsync(
        string filter,
        string value,
        CancellationToken stop
    )
    {
        var found = await ListAsync("DescribeNetworkInterfaces", "networkInterfaceSet", Filter(filter, [value]), stop);
        return found is [var one, ..]
            ? (
                one.Required("vpcId"),
                one.Required("subnetId"),
                one.Required("privateIpAddress"),
                [.. one.Items("groupSet").Select(static group => group.Required("groupId"))]
            )
            : null;
    }

    private ValueTask<List<XElement>> ListAsync(
        string action,
        string list,
        IEnumerable<KeyValuePair<string, string?>> question,
        CancellationToken stop
    ) => _query.ListAsync(action, list, "nextToken", [.. question], stop);

    private static IEnumerable<KeyValuePair<string, string?>> Filter(string name, IEnumerable<string> values) =>
        QueryClient.Items("Filter.1.Value", values).Prepend(new("Filter.1.Name", name));

    private static SecurityGroup Group(XElement group) =>
        new(
            group.Required("groupId"),
            group.Required("groupName"),
            group.Required("vpcId"),
            [.. group.Items("ipPermissions").Select(Rule)],
            [.. group.Items("ipPermissionsEgress").Select(Rule)]
        );

    private static GroupRule Rule(XElement rule) =>
        new(
            rule.Required("ipProtocol"),
            rule.Number("fromPort"),
            rule.Number("toPort"),
            [.. rule.Items("ipRanges").Select(static one => one.Required("cidrIp"))],
            [.. rule.Items("groups").Select(static one => one.Required("groupId"))],
            [.. rule.Items("prefixListIds").Select(static one => one.Required("prefixListId"))]
        );

    private static NetworkAcl Acl(XElement acl) =>
        new(
            acl.Required("networkAclId"),
            [.. acl.Items("associationSet").Select(static one => one.Required("subnetId"))],
            [
                .. acl.Items("entrySet")
                    .Select(static entry => new AclEntry(
                        entry.Number("ruleNumber"),
                        entry.Required("protocol"),
                        entry.Required("ruleAction") == "allow",
                        entry.Flag("egress"),
                        entry.Required("cidrBlock"),
                        entry.Child("portRange")?.Number("from") ?? 0,
                        entry.Child("portRange")?.Number("to") ?? 65535
                    )),
            ]
        );

    private static RouteTable Table(XElement table)
    {
        var associations = table.Items("associationSet").ToList();
        return new RouteTable(
            table.Required("routeTableId"),
            table.Required("vpcId"),
            associations.Exists(static one => one.Flag("main")),
            [.. associations.Select(static one => one.Required("subnetId")).Where(static id => id.Length > 0)],
            [.. table.Items("routeSet").Select(RouteOf)]
        );
    }

    private static Route RouteOf(XElement route)
    {
        string[] targets = ["gatewayId", "natGatewayId", "vpcPeeringConnectionId", "transitGatewayId", "networkInterfaceId", "instanceId"];
        return new Route(
            route.Required("destinationCidrBlock"),
            targets.Select(route.Text).FirstOrDefault(static id => id is { Length: > 0 }) ?? "",
            route.Text("state") != "blackhole"
        );
    }
}
