using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Network;
using Keyferry.Doctor;

namespace Keyferry.Aws.Doctor;

/// <summary>Why a cache does not answer: which security group, network ACL or route is in the way, and what opens it.</summary>
/// <param name="caches">AWS.</param>
/// <param name="caller">AWS as well.</param>
/// <param name="surroundings">Tell where this program runs.</param>
internal sealed class WayFindings(ElastiCacheClient caches, AwsCaller caller, AwsSurroundings surroundings)
{
    private const string Code = "cache-network";

    /// <summary>Looks for what is in the way.</summary>
    public async ValueTask<IReadOnlyList<Finding>> FindAsync(Cache cache, CacheAddress address, FindingSide side, CancellationToken stop)
    {
        try
        {
            var ec2 = new Ec2Client(caller);
            if (await new Whereabouts(surroundings, ec2).FindAsync(stop) is not { } here)
            {
                return [Outside(cache, side)];
            }

            return await new WayLook(caches, ec2).TakeAsync(here, cache, address, stop) is { } way
                ? Judge(way, side)
                : [new Finding(Code, FindingLevel.Warning, side, $"AWS does not tell the subnets of {cache.Id}.")];
        }
        catch (AwsException denied)
        {
            var told = AwsTrouble.Explain(denied);
            return
            [
                new Finding(Code, FindingLevel.Warning, side, told.Saw)
                {
                    Means = "So it cannot be told which rule is in the way.",
                    Remedy = told.Remedy,
                },
            ];
        }
    }

    private static IReadOnlyList<Finding> Judge(NetworkWay way, FindingSide side)
    {
        var unknown = WayJudgement.Unknown(way) is { Length: > 0 } words ? $" ({words})" : "";
        var blocks = WayJudgement.Of(way);
        if (blocks.Count > 0)
        {
            return
            [
                .. blocks.Select(block => new Finding(Code, FindingLevel.Blocker, side, block.Saw)
                {
                    Means = $"This {block.What} keeps {way.Caller.Words} from the cache{unknown}.",
                    Remedy = block.Command,
                }),
            ];
        }

        return
        [
            new Finding(
                Code,
                FindingLevel.Warning,
                side,
                $"Security groups, network ACLs and routes let {way.Caller.Words} ({way.Caller.Address} in {way.CallerSubnet.Id}) through to port {way.Port}."
            )
            {
                Means = $"Something else is in the way{unknown}.",
                Remedy =
                    "See whether the endpoint's name leads to an address of the cache (DNS of the VPC), and whether a network firewall is in between; VPC Reachability Analyzer follows a packet.",
            },
        ];
    }

    private static Finding Outside(Cache cache, FindingSide side) =>
        new(Code, FindingLevel.Blocker, side, $"This machine is not in the VPC of {cache.Id}, nor in AWS at all, as far as can be told.")
        {
            Means = "A cache is reached from inside its VPC only: its name leads to a private address. No rule is to blame.",
            Remedy =
                "Run Keyferry there (keyferry aws stack deploy, or an instance in one of its subnets), or join this network to the VPC by VPN or peering.",
        };
}
