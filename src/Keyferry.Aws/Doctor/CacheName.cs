using System.Text.RegularExpressions;
using Keyferry.Doctor;

namespace Keyferry.Aws.Doctor;

/// <summary>Reads out of a bare host name which cache it is: with its id, AWS can be asked about it.</summary>
/// <remarks>The forms are those of ElastiCache's endpoints: <c>name.abc123.0001.eun1.cache.amazonaws.com</c>, <c>master.name.abc123.eun1...</c>, and so on.</remarks>
internal static partial class CacheName
{
    private static readonly Dictionary<string, string> _directions = new(StringComparer.Ordinal)
    {
        ["n"] = "north",
        ["s"] = "south",
        ["e"] = "east",
        ["w"] = "west",
        ["c"] = "central",
        ["ne"] = "northeast",
        ["nw"] = "northwest",
        ["se"] = "southeast",
        ["sw"] = "southwest",
    };

    /// <summary>Id and region of the cache, or <see langword="null"/> where the host is none of ElastiCache's.</summary>
    public static (string Id, string? Region)? Read(string host)
    {
        var match = Endpoint().Match(host.ToLowerInvariant().TrimEnd('.'));
        if (!match.Success)
        {
            return null;
        }

        var id = match.Groups["labels"].Value.Split('.') switch
        {
            ["master" or "replica" or "clustercfg", var name, ..] => name,
            [var name, "serverless"] => name[..Math.Max(name.LastIndexOf('-'), 1)],
            // A node of a group with TLS.
            [_, var group, not ("0001" or "clustercfg")] => group,
            [var name, ..] => name.EndsWith("-ro", StringComparison.Ordinal) ? name[..^3] : name,
            _ => "",
        };
        return (id, RegionOf(match.Groups["region"].Value));
    }

    /// <summary>What to say of a host that is a cache's and was not named as one.</summary>
    public static Finding? Hint(string host, FindingSide side) =>
        Read(host) is { } cache
            ? new Finding("cache-name", FindingLevel.Good, side, $"{host} is an endpoint of ElastiCache.")
            {
                Means = "AWS can tell more of it: its state, its parameter group, and which rule keeps this machine out.",
                Remedy = $"Name it as elasticache://{cache.Id}?region={cache.Region ?? "REGION"}, with credentials of AWS at hand.",
            }
            : null;

    // eun1 is eu-north-1, apse2 is ap-southeast-2.
    private static string? RegionOf(string code)
    {
        var match = Code().Match(code);
        return match.Success && _directions.TryGetValue(match.Groups["direction"].Value, out var direction)
            ? $"{(match.Groups["area"].Value is "ug" ? "us-gov" : match.Groups["area"].Value)}-{direction}-{match.Groups["number"].Value}"
            : null;
    }

    [GeneratedRegex(
        @"^(?<labels>[a-z0-9.-]+)\.(?<region>[a-z]{3,4}[0-9])\.cache\.amazonaws\.com(\.cn)?$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Endpoint();

    [GeneratedRegex(
        "^(?<area>us|eu|ap|sa|ca|me|af|il|mx|cn|ug)(?<direction>[nsewc]{1,2})(?<number>[0-9])$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Code();
}
