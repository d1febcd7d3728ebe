using System.Globalization;

namespace Keyferry.Aws.Network;

/// <summary>Says what on the way from a caller to a cache does not let it through: pure, from what was looked at.</summary>
/// <remarks>In AWS's own order: groups, ACLs, routes. Security groups remember a connection, so that one direction is looked at; network ACLs do not, so that both are.</remarks>
internal static class WayJudgement
{
    /// <summary>From where Linux takes the ports of outgoing connections; answers go there.</summary>
    private const int FirstOutgoing = 32768;
    private const int LastOutgoing = 60999;

    /// <summary>Everything that blocks; empty where AWS lets the caller through.</summary>
    public static IReadOnlyList<NetworkBlock> Of(NetworkWay way) => [.. Groups(way), .. Acls(way), .. Routes(way)];

    /// <summary>What in the rules cannot be judged here, in words; empty for nothing.</summary>
    public static string Unknown(NetworkWay way)
    {
        var lists = way
            .CacheGroups.SelectMany(static group => group.Ingress)
            .Concat(way.CallerGroups.SelectMany(static group => group.Egress))
            .Where(rule => rule.Covers(way.Port))
            .SelectMany(static rule => rule.PrefixLists)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        return lists.Count == 0 ? "" : $"prefix lists are not looked into: {string.Join(", ", lists)}";
    }

    private static IEnumerable<NetworkBlock> Groups(NetworkWay way)
    {
        var (caller, port) = (way.Caller, way.Port);
        var leaves = way.CallerGroups.SelectMany(static group => group.Egress).Where(rule => rule.Covers(port)).ToList();
        if (
            !leaves.Exists(rule =>
                rule.Groups.Any(id => way.CacheGroups.Any(group => group.Id == id))
                || way.CacheSubnets.All(subnet => rule.Networks.Any(network => Networks.Covers(network, subnet.Network)))
            )
        )
        {
            var mine = way.CallerGroups is [var first, ..] ? first.Id : "GROUP";
            yield return new(
                "security group",
                $"No rule of {Ids(way.CallerGroups)}, the groups of {caller.Words}, lets TCP out to port {port} of {Ids(way.CacheGroups)}.{Closest(leaves)}",
                $"aws ec2 authorize-security-group-egress --group-id {mine} --ip-permissions IpProtocol=tcp,FromPort={port},ToPort={port},UserIdGroupPairs=[{{GroupId={FirstOf(way.CacheGroups)}}}]"
            );
        }

        var enters = way.CacheGroups.SelectMany(static group => group.Ingress).Where(rule => rule.Covers(port)).ToList();
        if (
            !enters.Exists(rule =>
                rule.Groups.Intersect(caller.Groups, StringComparer.Ordinal).Any()
                || rule.Networks.Any(network => Networks.Contains(network, caller.Address))
            )
        )
        {
            var from = caller.Groups is [var group, ..] ? $"--source-group {group}" : $"--cidr {caller.Address}/32";
            yield return new(
                "security group",
                $"No rule of {Ids(way.CacheGroups)}, the groups of the cache, lets {caller.Words} ({caller.Address}, in {string.Join(", ", caller.Groups)}) in to TCP port {port}.{Closest(enters)}",
                $"aws ec2 authorize-security-group-ingress --group-id {FirstOf(way.CacheGroups)} --protocol tcp --port {port} {from}"
            );
        }
    }

    private static IEnumerable<NetworkBlock> Acls(NetworkWay way)
    {
        var (caller, mine) = (way.Caller, way.CallerSubnet);
        // Within a subnet no ACL is asked.
        foreach (var theirs in way.CacheSubnets.Where(subnet => subnet.Id != mine.Id))
        {
            var self = $"{caller.Address}/32";
            AclQuestion[] questions =
            [
                new(mine, IsEgress: true, theirs.Network, way.Port, way.Port, "requests out of"),
                new(theirs, IsEgress: false, self, way.Port, way.Port, "requests into"),
                new(theirs, IsEgress: true, self, FirstOutgoing, LastOutgoing, "answers out of"),
                new(mine, IsEgress: false, theirs.Network, FirstOutgoing, LastOutgoing, "answers into"),
            ];
            foreach (var question in questions)
            {
                foreach (var acl in way.Acls.Where(acl => acl.Subnets.Contains(question.Subnet.Id)))
                {
                    if (Denying(acl, question) is { } number)
                    {
                        yield return Block(acl, question, number);
                    }
                }
            }
        }
    }

    private static NetworkBlock Block(NetworkAcl acl, AclQuestion question, int number)
    {
        var ports = question.From == question.To ? $"port {question.From}" : $"ports {question.From} to {question.To}";
        var rule = number == int.MaxValue ? "has no rule that lets" : $"stops, with rule {number},";
        var taken = acl.Entries.Where(entry => entry.IsEgress == question.IsEgress).Select(static entry => entry.Number).ToHashSet();
        var free = Enumerable.Range(1, Math.Min(number, 32767) - 1).Reverse().FirstOrDefault(candidate => !taken.Contains(candidate), 1);
        return new(
            "network ACL",
            $"The network ACL {acl.Id} of {question.Subnet.Id} {rule} {question.Words} the subnet ({question.Other}, TCP {ports}{(number == int.MaxValue ? ") through" : ")")}.",
            string.Create(
                CultureInfo.InvariantCulture,
                $"aws ec2 create-network-acl-entry --network-acl-id {acl.Id} --{(question.IsEgress ? "egress" : "ingress")} --rule-number {free} --protocol tcp --port-range From={question.From},To={question.To} --cidr-block {question.Other} --rule-action allow"
            )
        );
    }

    /// <summary>The number of the rule that stops some of it; the greatest number where none decides; <see langword="null"/> where all of it passes.</summary>
    private static int? Denying(NetworkAcl acl, AclQuestion question)
    {
        var (from, to) = (question.From, question.To);
        foreach (var entry in acl.Entries.Where(entry => entry.IsEgress == question.IsEgress).OrderBy(static entry => entry.Number))
        {
            var all = entry.Protocol == "-1";
            var (first, last) = all ? (0, 65535) : (entry.From, entry.To);
            if (!(all || entry.Protocol is "6" or "tcp") || last < from || first > to || !Networks.Overlap(entry.Network, question.Other))
            {
                continue;
            }

            if (!entry.Allows)
            {
                return entry.Number;
            }

            // A rule for a part of the addresses does not settle the rest.
            if (!Networks.Covers(entry.Network, question.Other))
            {
                continue;
            }

            from = first <= from ? Math.Max(from, last + 1) : from;
            to = last >= to ? Math.Min(to, first - 1) : to;
            if (from > to)
            {
                return null;
            }
        }

        return int.MaxValue;
    }

    private static IEnumerable<NetworkBlock> Routes(NetworkWay way)
    {
        foreach (var theirs in way.CacheSubnets.Where(subnet => subnet.Vpc != way.CallerSubnet.Vpc))
        {
            foreach (var (from, to) in ((Subnet, Subnet)[])[(way.CallerSubnet, theirs), (theirs, way.CallerSubnet)])
            {
                if (TableOf(way, from) is not { } table)
                {
                    continue;
                }

                var leading = table
                    .Routes.Where(route => Networks.Covers(route.Destination, to.Network))
                    .OrderByDescending(static route => int.Parse(route.Destination.Split('/')[1], CultureInfo.InvariantCulture))
                    .FirstOrDefault();
                if (leading is { IsActive: true } && IsWayBetweenNetworks(leading.Target))
                {
                    continue;
                }

                var seen = leading switch
                {
                    null => "has no route",
                    { IsActive: false } => $"has only a route that leads nowhere any more ({leading.Target})",
                    _ => $"leads to {leading.Target}, and not",
                };
                yield return new(
                    "route",
                    $"The route table {table.Id} of {from.Id} {seen} to {to.Network}, the network of {to.Id} in {to.Vpc}.",
                    $"aws ec2 create-route --route-table-id {table.Id} --destination-cidr-block {to.Network} {Way(way, from.Vpc)}"
                );
            }
        }
    }

    private static RouteTable? TableOf(NetworkWay way, Subnet subnet) =>
        way.Tables.FirstOrDefault(table => table.Subnets.Contains(subnet.Id))
        ?? way.Tables.FirstOrDefault(table => table.IsMain && table.Vpc == subnet.Vpc);

    // Through what the other tables go is what this one misses.
    private static string Way(NetworkWay way, string vpc)
    {
        var known = way
            .Tables.OrderBy(table => table.Vpc == vpc ? 1 : 0)
            .SelectMany(static table => table.Routes)
            .FirstOrDefault(static route => route.IsActive && route.Target.Split('-')[0] is "pcx" or "tgw");
        return known is null ? "--vpc-peering-connection-id pcx-... (or --transit-gateway-id tgw-...), once the two networks are joined"
            : known.Target.StartsWith("tgw", StringComparison.Ordinal) ? $"--transit-gateway-id {known.Target}"
            : $"--vpc-peering-connection-id {known.Target}";
    }

    private static bool IsWayBetweenNetworks(string target) => target.Split('-')[0] is "pcx" or "tgw" or "vgw" or "eni" or "i";

    private static string Closest(List<GroupRule> rules)
    {
        var others = rules
            .SelectMany(static rule => rule.Networks.Concat(rule.Groups).Concat(rule.PrefixLists))
            .Distinct()
            .Take(5)
            .ToList();
        return others.Count == 0 ? " No rule speaks of that port." : $" That port is open for {string.Join(", ", others)}.";
    }

    private static string Ids(IEnumerable<SecurityGroup> groups) => string.Join(", ", groups.Select(static group => group.Id));

    private static string FirstOf(IReadOnlyList<SecurityGroup> groups) => groups is [var first, ..] ? first.Id : "GROUP";

    /// <summary>What must pass an ACL: from or to a subnet, the network at the other end, TCP ports.</summary>
    private sealed record AclQuestion(Subnet Subnet, bool IsEgress, string Other, int From, int To, string Words);
}
