using System.CommandLine;
using Keyferry.Aws;
using Keyferry.Aws.Doctor;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Model;

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

    /// <summary>The id that was named, by the option or as <c>elasticache://ID</c>, or <see langword="null"/> where a server is meant.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="surroundings">The environment.</param>
    public string? Id(ParseResult parsed, Surroundings surroundings)
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

        return named ?? (hasServer ? _server.CacheOf(parsed, surroundings)?.Id : surroundings.Guide("ELASTICACHE_CLUSTER_ID"));
    }

    /// <summary>The same; where only the guides' host names the cache, the id that the host's name tells. For what goes by AWS alone.</summary>
    public string? IdOrHosts(ParseResult parsed, Surroundings surroundings)
    {
        if (Id(parsed, surroundings) is { } id)
        {
            return id;
        }

        if (HostsCache(parsed, surroundings) is not { } told)
        {
            return null;
        }

        surroundings.Error.WriteLine(
            $"note: REDIS_SOURCE_HOST is an endpoint of the cache {told.Id}{(told.Region is { } region ? $" in {region}" : "")}; --elasticache ID or ELASTICACHE_CLUSTER_ID name another"
        );
        return told.Id;
    }

    private (string Id, string? Region)? HostsCache(ParseResult parsed, Surroundings surroundings) =>
        parsed.GetValue(_id) is null
        && !_server.IsGiven(parsed, surroundings)
        && surroundings.Guide("ELASTICACHE_CLUSTER_ID") is null
        && surroundings.Guide("REDIS_SOURCE_HOST") is { } host
            ? CacheName.Read(host)
            : null;

    /// <summary>The way to AWS.</summary>
    public ValueTask<AwsSession> OpenAsync(ParseResult parsed, Surroundings surroundings, CancellationToken stop) =>
        _aws.OpenAsync(
            parsed,
            surroundings,
            stop,
            _server.CacheOf(parsed, surroundings)?.Region ?? HostsCache(parsed, surroundings)?.Region
        );

    /// <summary>What tries out the nodes of <paramref name="cache"/>, logged in as the URI, options or environment say.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="surroundings">The environment.</param>
    /// <param name="session">The way to AWS.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="mustLogIn">Whether nothing else is to be done, so that a login that is missing is an error.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="KeyferryException">The URI's secret cannot be read, or what was given does not fit the cache.</exception>
    public async Task<PrimaryProbe> ProbeAsync(
        ParseResult parsed,
        Surroundings surroundings,
        AwsSession session,
        Cache cache,
        bool mustLogIn,
        CancellationToken stop
    )
    {
        var login = _server.CacheOf(parsed, surroundings) is { } uri
            ? await CacheEndpoint.LoginAsync(uri, "server", session, cache, surroundings, stop)
            : default;
        // What does not fit is told before anything is changed.
        if (cache.Address is { } first && At(first) is var endpoint && mustLogIn)
        {
            CacheEndpoint.Require(cache, endpoint, "server");
        }

        return new PrimaryProbe(address => Commands.ServerArguments.Connect(At(address), surroundings), surroundings.Time);

        Endpoint At(CacheAddress address) => Complete(parsed, surroundings, cache, login.At(address, cache));
    }

    /// <summary>A node, with the credentials that were given.</summary>
    private Endpoint Complete(ParseResult parsed, Surroundings surroundings, Cache cache, Endpoint node)
    {
        var endpoint = _server.Complete(parsed, surroundings, node);
        if (
            endpoint is { Password: null, PasswordSource: null }
            && cache.Auth == CacheAuth.Token
            && surroundings.Guide("REDIS_SOURCE_PASSWORD") is { } token
        )
        {
            endpoint = endpoint with { Password = new Secret(token) };
            surroundings.Mask.Add(endpoint.Password);
        }

        return endpoint;
    }
}
