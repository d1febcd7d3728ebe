namespace Keyferry.Aws.Network;

/// <summary>Who wants to reach the cache, or the cache: where its interfaces are.</summary>
/// <param name="Words">What it is called in sentences: <c>this task</c>, <c>this instance</c>.</param>
/// <param name="Vpc">The VPC's id.</param>
/// <param name="Address">Its private address.</param>
/// <param name="Subnet">The subnet's id.</param>
/// <param name="Groups">Ids of its security groups.</param>
internal sealed record Caller(string Words, string Vpc, System.Net.IPAddress Address, string Subnet, IReadOnlyList<string> Groups);

/// <summary>A rule of a security group; there are only rules that allow.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>6</c>, or <c>-1</c> for all.</param>
/// <param name="From">First port; without meaning for all protocols.</param>
/// <param name="To">Last port.</param>
/// <param name="Networks">IPv4 networks at the other end.</param>
/// <param name="Groups">Security groups at the other end.</param>
/// <param name="PrefixLists">Prefix lists at the other end, which are not looked into.</param>
internal sealed record GroupRule(
    string Protocol,
    int From,
    int To,
    IReadOnlyList<string> Networks,
    IReadOnlyList<string> Groups,
    IReadOnlyList<string> PrefixLists
)
{
    /// <summary>Whether the rule speaks of this port over TCP.</summary>
    public bool Covers(int port) => Protocol == "-1" || (Protocol is "tcp" or "6" && From <= port && port <= To);
}

/// <summary>A security group.</summary>
internal sealed record SecurityGroup(string Id, string Name, string Vpc, IReadOnlyList<GroupRule> Ingress, IReadOnlyList<GroupRule> Egress);

/// <summary>One entry of a network ACL; the lowest number that matches decides.</summary>
/// <param name="Number">Its rule number; 32767 is the one that denies the rest.</param>
/// <param name="Protocol"><c>6</c> for TCP, <c>-1</c> for all.</param>
/// <param name="Allows">Whether it allows.</param>
/// <param name="IsEgress">Whether it is about what leaves the subnet.</param>
/// <param name="Network">The IPv4 network at the other end; empty for an entry about IPv6.</param>
/// <param name="From">First port; without meaning for all protocols.</param>
/// <param name="To">Last port.</param>
internal sealed record AclEntry(int Number, string Protocol, bool Allows, bool IsEgress, string Network, int From, int To);

/// <summary>A network ACL with the subnets that it is on.</summary>
internal sealed record NetworkAcl(string Id, IReadOnlyList<string> Subnets, IReadOnlyList<AclEntry> Entries);

/// <summary>A route.</summary>
/// <param name="Destination">An IPv4 network; empty for others.</param>
/// <param name="Target">Where it leads: <c>local</c>, <c>pcx-...</c>, <c>tgw-...</c>, <c>igw-...</c>, ...</param>
/// <param name="IsActive">Whether it leads anywhere; else it is a black hole.</param>
internal sealed record Route(string Destination, string Target, bool IsActive);

/// <summary>A route table.</summary>
internal sealed record RouteTable(string Id, string Vpc, bool IsMain, IReadOnlyList<string> Subnets, IReadOnlyList<Route> Routes);

/// <summary>A subnet.</summary>
internal sealed record Subnet(string Id, string Vpc, string Network);

/// <summary>Everything that lies between a caller and a cache.</summary>
internal sealed record NetworkWay
{
    /// <summary>Who wants in.</summary>
    public required Caller Caller { get; init; }

    /// <summary>The port of the cache.</summary>
    public required int Port { get; init; }

    /// <summary>The subnets in which the cache has, or may have, nodes.</summary>
    public required IReadOnlyList<Subnet> CacheSubnets { get; init; }

    /// <summary>The security groups of the cache.</summary>
    public required IReadOnlyList<SecurityGroup> CacheGroups { get; init; }

    /// <summary>The caller's subnet.</summary>
    public required Subnet CallerSubnet { get; init; }

    /// <summary>The security groups of the caller.</summary>
    public required IReadOnlyList<SecurityGroup> CallerGroups { get; init; }

    /// <summary>The network ACLs of all these subnets.</summary>
    public required IReadOnlyList<NetworkAcl> Acls { get; init; }

    /// <summary>The route tables of both VPCs.</summary>
    public required IReadOnlyList<RouteTable> Tables { get; init; }
}

/// <summary>Something that lets the caller's packets, or the answers to them, not through.</summary>
/// <param name="What"><c>security group</c>, <c>network ACL</c>, <c>route</c>.</param>
/// <param name="Saw">What was seen, with the ids.</param>
/// <param name="Command">The command that opens it.</param>
internal sealed record NetworkBlock(string What, string Saw, string Command);
