using System.CommandLine;
using Keyferry.Aws;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Cli.Amazon;

/// <summary><c>--elasticache ID</c> of the notification commands, beside the server that they else name by URI.</summary>
internal sealed class CacheArguments
{
    private readonly AwsArguments _aws = new();
    private readonly Commands.ServerArguments _server;

    private readonly Option<string?> _id = new("--elasticache")
    {
        HelpName = "ID",
        Description =
            "An ElastiCache cache instead of URI: a replication group, a cluster, or a serverless cache. Default where no URI is given: ELASTICACHE_CLUSTER_ID.",
    };

    /// <summary>Options beside those of <paramref name="server"/>, from which credentials and TLS are taken.</summary>
    public CacheArguments(Commands.ServerArguments server) => _server = server;

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_id);
        _aws.AddTo(command);
    }

    /// <summary>The id that was named, or <see langword="null"/> where a server is meant.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="surroundings">The environment.</param>
    /// <param name="ofUri">Whether <c>elasticache://ID</c> names one as well: where AWS is asked, and nobody logs in as the URI says.</param>
    public string? Id(ParseResult parsed, Surroundings surroundings, bool ofUri = false)
    {
        // The guides' variables name host and id of one and the same cache: they do not contradict each other, and the id can do more.
        var named = parsed.GetValue(_id);
        var hasServer = _server.IsGiven(parsed, surroundings);
        if (named is not null && hasServer)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "Both a URI and --elasticache were given.",
                "Name one of them: the cache by its id, or a server by its address (KEYFERRY_URI counts as one)."
            );
        }

        if (ofUri && Bare(parsed, surroundings) is { } uri)
        {
            return uri.Id;
        }

        return named ?? (hasServer ? null : surroundings.Guide("ELASTICACHE_CLUSTER_ID"));
    }

    /// <summary>The way to AWS.</summary>
    public ValueTask<AwsSession> OpenAsync(ParseResult parsed, Surroundings surroundings, CancellationToken stop) =>
        _aws.OpenAsync(parsed, surroundings, stop, Bare(parsed, surroundings)?.Region);

    // A URI that says how to log in is about the server behind it.
    private CacheUri? Bare(ParseResult parsed, Surroundings surroundings) =>
        _server.CacheOf(parsed, surroundings) is { User: null, Password: null, SecretId: null, Iam: false } uri ? uri : null;

    /// <summary>What tries out the nodes of <paramref name="cache"/>.</summary>
    public PrimaryProbe Probe(ParseResult parsed, Surroundings surroundings, Cache cache) =>
        new(Connect(parsed, surroundings, cache), surroundings.Time);

    /// <summary>Connections to a node, with the credentials that were given.</summary>
    private Func<CacheAddress, ServerConnector> Connect(ParseResult parsed, Surroundings surroundings, Cache cache) =>
        address =>
        {
            var bare = new Endpoint
            {
                Host = address.Host,
                Port = address.Port,
                Tls = cache.Tls,
            };
            var endpoint = _server.Complete(parsed, surroundings, bare);
            if (endpoint.Password is null && cache.Auth == CacheAuth.Token && surroundings.Guide("REDIS_SOURCE_PASSWORD") is { } token)
            {
                endpoint = endpoint with { Password = new Secret(token) };
                surroundings.Mask.Add(endpoint.Password);
            }

            return Commands.ServerArguments.Connect(endpoint, surroundings);
        };
}
