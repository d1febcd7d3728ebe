using System.Net;
using Keyferry.Aws.Calls;
using Keyferry.Aws.Identity;

namespace Keyferry.Aws.Network;

/// <summary>Finds out where in AWS this program runs: a container with an interface of its own, or an instance.</summary>
/// <param name="surroundings">Variables, time, the network.</param>
/// <param name="ec2">Knows interfaces.</param>
internal sealed class Whereabouts(AwsSurroundings surroundings, Ec2Client ec2)
{
    private const string Root = "latest/meta-data/";
    private readonly InstanceMetadata _metadata = new(surroundings);

    /// <summary>Where this is, or <see langword="null"/> where it is not inside AWS, as far as can be told.</summary>
    /// <exception cref="AwsException">EC2 does not tell of the task's interface.</exception>
    public async ValueTask<Caller?> FindAsync(CancellationToken stop) => await TaskAsync(stop) ?? await InstanceAsync(stop);

    private async ValueTask<Caller?> TaskAsync(CancellationToken stop)
    {
        if (
            surroundings.Set("ECS_CONTAINER_METADATA_URI_V4") is not { } address
            || !Uri.TryCreate(address, UriKind.Absolute, out var uri)
            || await _metadata.GetAsync(uri, "Accept", "application/json", stop) is not { } document
            || JsonClient.Parse(document)?["Networks"]?[0] is not { } network
        )
        {
            return null;
        }

        // Addresses repeat from VPC to VPC; hardware addresses do not.
        var hardware = (string?)network["MACAddress"];
        var found = hardware is not null
            ? await ec2.InterfaceAsync("mac-address", hardware, stop)
            : await ec2.InterfaceAsync("addresses.private-ip-address", (string?)network["IPv4Addresses"]?[0] ?? "", stop);
        return found is { } at && IPAddress.TryParse(at.Address, out var own)
            ? new Caller("this task", at.Vpc, own, at.Subnet, at.Groups)
            : null;
    }

    private async ValueTask<Caller?> InstanceAsync(CancellationToken stop)
    {
        if (await _metadata.AskAsync(Root + "mac", stop) is not { Length: > 0 } hardware)
        {
            return null;
        }

        async ValueTask<string> TellAsync(string what) =>
            (await _metadata.AskAsync($"{Root}network/interfaces/macs/{hardware.Trim().TrimEnd('/')}/{what}", stop) ?? "").Trim();
        var (vpc, subnet) = (await TellAsync("vpc-id"), await TellAsync("subnet-id"));
        var groups = (await TellAsync("security-group-ids")).Split(
            '\n',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
        );
        return vpc.Length > 0 && IPAddress.TryParse((await TellAsync("local-ipv4s")).Split('\n')[0].Trim(), out var own)
            ? new Caller("this instance", vpc, own, subnet, groups)
            : null;
    }
}
