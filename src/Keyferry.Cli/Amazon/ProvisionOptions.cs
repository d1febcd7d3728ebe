using System.CommandLine;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Provisioning;
using Keyferry.Cli.Input;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>What a cache that is created shall be: options, and on a terminal questions for what was not given.</summary>
internal sealed class ProvisionOptions
{
    private readonly Option<string?> _id = Text("--id", "ID", "Name of the cache: letters, digits and hyphens, at most 40.");

    private readonly Option<string?> _engine = Text("--engine", "valkey|redis", "Default: valkey.");

    private readonly Option<string?> _version = Text("--engine-version", "VERSION", "Default: the latest that AWS has of the engine.");

    private readonly Option<string?> _nodeType = Text("--node-type", "TYPE", "Default: cache.t4g.small.");

    private readonly Option<int?> _shards = TypedOption.Whole(
        "--shards",
        "N",
        "So many shards, with cluster mode on; 0 for one primary without cluster mode. Default: 0.",
        0,
        500
    );

    private readonly Option<int?> _replicas = TypedOption.Whole("--replicas", "N", "Replicas of each primary. Default: 1.", 0, 5);

    private readonly Option<string?> _subnets = Text("--subnet-group", "NAME", "ElastiCache subnet group. Default: the default VPC's.");

    private readonly Option<string[]> _security = new("--security-group")
    {
        HelpName = "SG",
        Description = "Id of a security group; may be given several times. Default: the VPC's default group.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<bool> _noNotifications = new("--no-notifications")
    {
        Description = "Do not switch keyspace notifications on. Default: they are on, for live migrations from this cache.",
    };

    private readonly Option<bool> _noEncryption = new("--no-encryption")
    {
        Description = "Neither TLS nor encryption at rest, and no token. Default: both, and a token that Secrets Manager holds.",
    };

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        Option[] all = [_id, _engine, _version, _nodeType, _shards, _replicas, _subnets, _security, _noNotifications, _noEncryption];
        foreach (var option in all)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What was asked for; AWS is asked for the latest version and its family.</summary>
    /// <exception cref="KeyferryException">Something is missing or not usable.</exception>
    public async Task<ProvisionIntent> ReadAsync(ParseResult parsed, ElastiCacheClient client, Questions ask, CancellationToken stop)
    {
        var engine = await ask.ChooseAsync(parsed.GetValue(_engine), "Engine", "valkey", "valkey", "redis");
        var id =
            await ask.TextAsync(parsed.GetValue(_id), "Name of the cache", null, static id => ValueTask.FromResult(AgainstName(id))) ?? "";
        var nodeType =
            await ask.TextAsync(
                parsed.GetValue(_nodeType),
                "Node type",
                "cache.t4g.small",
                static type => ValueTask.FromResult(AgainstNodeType(type))
            ) ?? "";
        var wanted = parsed.GetValue(_version);
        var versions = await client.EngineVersionsAsync(engine, wanted, stop);
        if (versions.Count == 0)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"AWS has no {engine} {wanted} in {client.Region}.",
                $"aws elasticache describe-cache-engine-versions --engine {engine} lists what there is."
            );
        }

        var (version, family) = versions
            .OrderBy(static one => Version.TryParse(one.Version, out var number) ? number : new Version())
            .Last();
        var subnets = await ask.TextAsync(
            parsed.GetValue(_subnets),
            "Subnet group (empty for the default VPC's)",
            "",
            name => AgainstSubnetsAsync(client, name, stop)
        );
        var encrypted = !parsed.GetValue(_noEncryption);
        return new ProvisionIntent
        {
            Region = client.Region,
            Id = id.ToLowerInvariant(),
            Engine = engine,
            EngineVersion = version,
            Family = family,
            NodeType = nodeType,
            Shards = parsed.GetValue(_shards) ?? 0,
            Replicas = parsed.GetValue(_replicas) ?? 1,
            SubnetGroup = subnets,
            SecurityGroups = parsed.GetValue(_security) ?? [],
            Notifications =
                !parsed.GetValue(_noNotifications) && ask.Confirm("Enable keyspace notifications for live migration?", fallback: true),
            Encrypted = encrypted,
            Token = encrypted,
        };
    }

    private static KeyferryException? AgainstName(string? id) =>
        id is not null && IsName(id)
            ? null
            : new KeyferryException(
                FailureKind.Usage,
                id is null ? "No name for the cache was given." : $"\"{id}\" is no name for a cache.",
                "Give --id with letters, digits and single hyphens: at most 40, a letter first, no hyphen last."
            );

    private static KeyferryException? AgainstNodeType(string? type) =>
        type?.StartsWith("cache.", StringComparison.Ordinal) == true
            ? null
            : new KeyferryException(
                FailureKind.Usage,
                $"\"{type}\" is no node type of ElastiCache.",
                "They begin with cache., such as cache.t4g.small or cache.r7g.large."
            );

    // What AWS takes as the name of a replication group.
    private static bool IsName(string id) =>
        id is { Length: > 0 and <= 40 }
        && char.IsAsciiLetter(id[0])
        && id[^1] != '-'
        && !id.Contains("--", StringComparison.Ordinal)
        && id.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter == '-');

    // Before anything is made for a cache that could not be made then.
    private static async ValueTask<KeyferryException?> AgainstSubnetsAsync(ElastiCacheClient client, string? name, CancellationToken stop)
    {
        if (name is null)
        {
            return null;
        }

        var known = await client.SubnetGroupsAsync(stop);
        return known.Any(one => string.Equals(one.Name, name, StringComparison.OrdinalIgnoreCase))
            ? null
            : new KeyferryException(
                FailureKind.Usage,
                $"There is no subnet group {name} in {client.Region}.",
                known.Count == 0
                    ? "There is none at all: leave it out for the default VPC's subnets, or make one (aws elasticache create-cache-subnet-group)."
                    : $"There are: {string.Join(", ", known.Select(static one => $"{one.Name} ({one.Vpc})"))}."
            );
    }

    private static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
