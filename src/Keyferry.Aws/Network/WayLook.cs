using System.Net;
using System.Net.Sockets;
using Keyferry.Aws.ElastiCache;

namespace Keyferry.Aws.Network;

/// <summary>Looks at everything between a caller and a cache: groups, ACLs, routes of both ends.</summary>
/// <param name="caches">Knows subnet groups.</param>
/// <param name="ec2">Knows the rest.</param>
internal sealed class WayLook(ElastiCacheClient caches, Ec2Client ec2)
{
    /// <summary>The subnets in which the cache has nodes, as far as its subnet group tells.</summary>
    public async ValueTask<IReadOnlyList<string>> SubnetsOfAsync(Cache cache, CancellationToken stop) =>
        cache.Subnets.Count > 0 ? cache.Subnets
        : cache.Members.Select(static member => member.SubnetGroup).FirstOrDefault(static name => name is not null) is { } group
            ? (await caches.SubnetGroupAsync(group, stop)).Subnets
        : [];

    /// <summary>Looks.</summary>
    /// <param name="caller">Who wants in.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="address">Its endpoint.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask<NetworkWay?> TakeAsync(Caller caller, Cache cache, CacheAddress address, CancellationToken stop)
    {
        var ids = await SubnetsOfAsync(cache, stop);
        if (ids.Count == 0)
        {
            return null;
        }

        var subnets = await ec2.SubnetsAsync(ids.Append(caller.Subnet).Distinct(), stop);
        var groups = await ec2.SecurityGroupsAsync(cache.SecurityGroups.Concat(caller.Groups).Distinct(), stop);
        var cacheSubnets = Holding(subnets.Where(subnet => ids.Contains(subnet.Id)), await AddressesAsync(address.Host, stop));
        var acls = await ec2.NetworkAclsAsync(subnets.Select(static subnet => subnet.Id), stop);
        var vpcs = subnets.Select(static subnet => subnet.Vpc).Distinct();
        return new NetworkWay
        {
            Caller = caller,
            Port = address.Port,
            CacheSubnets = cacheSubnets,
            CacheGroups = [.. groups.Where(group => cache.SecurityGroups.Contains(group.Id))],
            CallerSubnet = subnets.First(subnet => subnet.Id == caller.Subnet),
            CallerGroups = [.. groups.Where(group => caller.Groups.Contains(group.Id))],
            Acls = acls,
            Tables = await ec2.RouteTablesAsync(vpcs, stop),
        };
    }

    /// <summary>The subnets that hold one of the addresses, or all where none does.</summary>
    private static List<Subnet> Holding(IEnumerable<Subnet> subnets, IReadOnlyList<IPAddress> addresses)
    {
        var all = subnets.ToList();
        var held = all.Where(subnet => addresses.Any(address => Networks.Contains(subnet.Network, address))).ToList();
        return held.Count > 0 ? held : all;
    }

    private static async ValueTask<IReadOnlyList<IPAddress>> AddressesAsync(string host, CancellationToken stop)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(host, AddressFamily.InterNetwork, stop);
        }
        catch (SocketException)
        {
            return [];
        }
    }
}
