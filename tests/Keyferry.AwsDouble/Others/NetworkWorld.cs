namespace Keyferry.AwsDouble.Others;

/// <summary>What EC2 knows: one VPC with two subnets in which the caches are, and a second one beside it. Everything is open at first; tests close it.</summary>
public sealed class NetworkWorld
{
    public const string Vpc = "vpc-0abc";
    public const string FarVpc = "vpc-0def";

    /// <summary>The interface of a task in <c>subnet-0b2</c>; caches are in <c>subnet-0a1</c> and <c>subnet-0b2</c>.</summary>
    public static readonly InterfaceState TaskInterface = new("eni-0app", "02:00:00:00:00:01", "10.0.2.50", "subnet-0b2", Vpc, ["sg-0app"]);

    /// <summary>The interface of a task in the second VPC.</summary>
    public static readonly InterfaceState FarInterface = new(
        "eni-0far",
        "02:00:00:00:00:02",
        "10.9.1.7",
        "subnet-0d1",
        FarVpc,
        ["sg-0far"]
    );

    public List<SubnetState> Subnets { get; } =
    [new("subnet-0a1", Vpc, "10.0.1.0/24", "a"), new("subnet-0b2", Vpc, "10.0.2.0/24", "b"), new("subnet-0d1", FarVpc, "10.9.1.0/24", "a")];

    public Dictionary<string, SecurityGroupState> Groups { get; } =
        new(StringComparer.Ordinal)
        {
            ["sg-0cache"] = new(Vpc, [new("tcp", 1, 65535, Group: "sg-0app")], [new("-1", Network: "0.0.0.0/0")]),
            ["sg-0app"] = new(Vpc, [], [new("-1", Network: "0.0.0.0/0")]),
            ["sg-0far"] = new(FarVpc, [], [new("-1", Network: "0.0.0.0/0")]),
        };

    public List<AclState> Acls { get; } =
    [
        new("acl-0a1", Vpc, ["subnet-0a1"], OpenEntries()),
        new("acl-0b2", Vpc, ["subnet-0b2"], OpenEntries()),
        new("acl-0d1", FarVpc, ["subnet-0d1"], OpenEntries()),
    ];

    public List<RouteTableState> Tables { get; } =
    [
        new("rtb-0abc", Vpc, IsMain: true, [], [new("10.0.0.0/16", "gatewayId", "local")]),
        new("rtb-0def", FarVpc, IsMain: false, ["subnet-0d1"], [new("10.9.0.0/16", "gatewayId", "local")]),
    ];

    public List<InterfaceState> Interfaces { get; } = [TaskInterface, FarInterface];

    private static List<AclEntryState> OpenEntries() =>
        [
            .. new[] { false, true }.SelectMany(static egress =>
                new[] { new AclEntryState(100, egress, true), new AclEntryState(32767, egress, false) }
            ),
        ];
}

public sealed record SubnetState(string Id, string Vpc, string Network, string Zone);

/// <summary>A rule that allows; of network, group and prefix list one is set.</summary>
public sealed record RuleState(
    string Protocol,
    int From = 0,
    int To = 0,
    string? Network = null,
    string? Group = null,
    string? PrefixList = null
);

public sealed record SecurityGroupState(string Vpc, List<RuleState> Ingress, List<RuleState> Egress);

public sealed record AclEntryState(
    int Number,
    bool IsEgress,
    bool Allows,
    string Network = "0.0.0.0/0",
    string Protocol = "-1",
    int From = 0,
    int To = 65535
);

public sealed record AclState(string Id, string Vpc, List<string> Subnets, List<AclEntryState> Entries);

/// <summary>A route.</summary>
/// <param name="Network">Where to.</param>
/// <param name="Kind">The element that names the way: <c>gatewayId</c>, <c>vpcPeeringConnectionId</c>, ...</param>
/// <param name="Target">The way.</param>
/// <param name="IsActive">Whether it still leads there.</param>
public sealed record RouteState(string Network, string Kind, string Target, bool IsActive = true);

public sealed record RouteTableState(string Id, string Vpc, bool IsMain, List<string> Subnets, List<RouteState> Routes);

public sealed record InterfaceState(string Id, string Hardware, string Address, string Subnet, string Vpc, List<string> Groups);
