using Keyferry.Aws;
using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Secrets;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>Makes an endpoint of an <c>elasticache://</c> URI: address and encryption come from AWS, credentials from where the URI says.</summary>
internal static class CacheEndpoint
{
    /// <summary>Asks AWS.</summary>
    /// <remarks>Waits for the answers: the command line is read in one go, before anything else happens, and no synchronization context stands behind it.</remarks>
    /// <param name="text">The URI.</param>
    /// <param name="role"><c>source</c>, <c>target</c> or <c>server</c>; for messages.</param>
    /// <param name="surroundings">Environment, network, clock.</param>
    /// <exception cref="KeyferryException">There is no such cache, it is not ready, or AWS refuses.</exception>
    public static (Endpoint Endpoint, Cache Cache) Resolve(string text, string role, Surroundings surroundings) =>
        ResolveAsync(CacheUri.Parse(text, role), role, surroundings).GetAwaiter().GetResult();

    /// <summary>Says before anything is dialled what the cache asks for and was not given.</summary>
    /// <exception cref="KeyferryException">A token or a user is missing.</exception>
    public static void Require(Cache cache, Endpoint endpoint, string role)
    {
        if (endpoint.Password is not null || endpoint.PasswordSource is not null || cache.Auth == CacheAuth.None)
        {
            return;
        }

        var (option, variable) =
            role == "server"
                ? ("--password-file", "KEYFERRY_PASSWORD")
                : ($"--{role}-password-file", $"KEYFERRY_{role.ToUpperInvariant()}_PASSWORD");
        throw cache.Auth == CacheAuth.Token
            ? new KeyferryException(
                FailureKind.Usage,
                $"The {role} {cache.Id} asks for its AUTH token, and none was given.",
                $"Give it by {option} PATH or {variable}, or as &secret=ARN in the URI."
            )
            : new KeyferryException(
                FailureKind.Usage,
                $"The {role} {cache.Id} lets in users of {string.Join(", ", cache.UserGroups)} only, and none was given.",
                "Give user and password by option or variable, as &secret=ARN, or &user=ID&auth=iam for a user that proves itself by IAM."
            );
    }

    private static async Task<(Endpoint Endpoint, Cache Cache)> ResolveAsync(CacheUri uri, string role, Surroundings surroundings)
    {
        // The session lives as long as the process: it makes the tokens of every later login.
        var session = await AwsArguments.OpenAsync(surroundings, uri.Region, null, CancellationToken.None);
        try
        {
            return await ResolveAsync(uri, role, session, surroundings);
        }
        catch (AwsException refused)
        {
            throw AwsTrouble.Explain(refused);
        }
    }

    private static async Task<(Endpoint Endpoint, Cache Cache)> ResolveAsync(
        CacheUri uri,
        string role,
        AwsSession session,
        Surroundings surroundings
    )
    {
        var cache = await new CacheFinder(new ElastiCacheClient(session.Caller)).FindAsync(uri.Id, CancellationToken.None);
        if (cache.Address is not { } address)
        {
            throw new KeyferryException(
                FailureKind.Unreachable,
                $"The {role} {cache.Id} has no endpoint: it is {cache.Status}.",
                "Wait until it is available: keyferry elasticache show."
            );
        }

        var login = await LoginAsync(uri, role, session, cache, surroundings, CancellationToken.None);
        return (login.At(address, cache), cache);
    }

    /// <summary>How to get in, as the URI says: by what stands in it, a secret, or IAM.</summary>
    /// <exception cref="KeyferryException">There is no such secret, or the cache does not encrypt what must not be sent in clear.</exception>
    public static async Task<CacheLogin> LoginAsync(
        CacheUri uri,
        string role,
        AwsSession session,
        Cache cache,
        Surroundings surroundings,
        CancellationToken stop
    )
    {
        var (user, password) = (uri.User, uri.Password);
        if (uri.SecretId is { } secret)
        {
            var held = await new SecretsClient(session.Caller).CredentialsAsync(secret, stop);
            (user, password) = (user ?? held.User, held.Password);
        }

        surroundings.Mask.Add(password);
        if (uri.Iam && !cache.Tls)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The {role} {cache.Id} does not encrypt its connections, and a token of IAM must not be sent in clear.",
                "Turn encryption in transit on, or use another way to log in."
            );
        }

        var token = uri is { Iam: true, User: { } id } ? new IamPassword(session.Caller, cache, id, IamPassword.DefaultRenewal) : null;
        return new CacheLogin(user, password, token, uri.Database);
    }
}

/// <summary>How to get into the nodes of a cache; by default not named at all.</summary>
/// <param name="User">The user, or <see langword="null"/>.</param>
/// <param name="Password">The password or token, or <see langword="null"/>.</param>
/// <param name="Source">Makes tokens of IAM, or <see langword="null"/>.</param>
/// <param name="Database">The database, or <see langword="null"/>.</param>
internal readonly record struct CacheLogin(string? User, Secret? Password, IPasswordSource? Source, int? Database)
{
    /// <summary>The endpoint of one node.</summary>
    public Endpoint At(CacheAddress address, Cache cache) =>
        new()
        {
            Host = address.Host,
            Port = address.Port,
            Tls = cache.Tls,
            User = User,
            Password = Password,
            PasswordSource = Source,
            Database = Database,
        };
}
