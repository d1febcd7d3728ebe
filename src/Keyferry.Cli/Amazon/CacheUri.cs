using System.Globalization;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>Reads <c>elasticache://user:password@ID/db?region=R&amp;auth=iam&amp;secret=ARN</c>: a cache named by its id, anywhere a server is named by URI.</summary>
internal sealed record CacheUri
{
    /// <summary>What it begins with.</summary>
    public const string Scheme = "elasticache://";

    private const string Forms =
        "Write elasticache://ID?region=REGION; user:password@ before the id, /db after it, and &auth=iam or &secret=ARN behind are optional.";

    /// <summary>The cache's id.</summary>
    public required string Id { get; init; }

    /// <summary>Its region, or <see langword="null"/> for the environment's.</summary>
    public string? Region { get; init; }

    /// <summary>The user, or <see langword="null"/>.</summary>
    public string? User { get; init; }

    /// <summary>The password or token, or <see langword="null"/>.</summary>
    public Secret? Password { get; init; }

    /// <summary>Whether the user proves itself by IAM.</summary>
    public bool Iam { get; init; }

    /// <summary>A secret of Secrets Manager that holds user and password, or <see langword="null"/>.</summary>
    public string? SecretId { get; init; }

    /// <summary>The database, or <see langword="null"/> for all.</summary>
    public int? Database { get; init; }

    /// <summary>Whether <paramref name="text"/> names a cache.</summary>
    public static bool IsOne(string text) => text.TrimStart().StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads one.</summary>
    /// <exception cref="KeyferryException">It is not of the form. The message never repeats what may hold a password.</exception>
    public static CacheUri Parse(string text, string role)
    {
        var rest = text.Trim()[Scheme.Length..];
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var query = question >= 0 ? rest[(question + 1)..] : "";
        rest = question >= 0 ? rest[..question] : rest;
        var at = rest.LastIndexOf('@');
        var (user, password) = at >= 0 ? Credentials(rest[..at]) : (null, null);
        rest = rest[(at + 1)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var database = slash >= 0 && slash + 1 < rest.Length ? Number(rest[(slash + 1)..], role) : (int?)null;
        var id = slash >= 0 ? rest[..slash] : rest;
        if (id.Length == 0 || !id.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
        {
            throw Bad(role, "names no cache: an id has letters, digits and hyphens.");
        }

        return With(
            new CacheUri
            {
                Id = id.ToLowerInvariant(),
                User = user,
                Password = password,
                Database = database,
            },
            query,
            role
        );
    }

    private static CacheUri With(CacheUri uri, string query, string role)
    {
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals > 0 ? (pair[..equals], Uri.UnescapeDataString(pair[(equals + 1)..])) : (pair, "");
            uri = name switch
            {
                "region" => uri with { Region = value },
                "user" => uri with { User = value },
                "secret" => uri with { SecretId = value },
                "auth" => value is "iam" ? uri with { Iam = true } : throw Bad(role, "has an auth other than iam."),
                _ => throw Bad(role, "has a setting other than region, user, auth and secret."),
            };
        }

        return uri switch
        {
            { Iam: true, User: null } => throw Bad(role, "has auth=iam, but no user.", "Name the ElastiCache user's id with &user=ID."),
            { Iam: true, Password: not null } or { Iam: true, SecretId: not null } => throw Bad(
                role,
                "has auth=iam and a password as well.",
                "Leave one of them out: by IAM a token takes the password's place."
            ),
            _ => uri,
        };
    }

    private static (string? User, Secret? Password) Credentials(string part)
    {
        var colon = part.IndexOf(':', StringComparison.Ordinal);
        var user = Uri.UnescapeDataString(colon >= 0 ? part[..colon] : part);
        return (user.Length == 0 ? null : user, colon >= 0 ? new Secret(Uri.UnescapeDataString(part[(colon + 1)..])) : null);
    }

    private static int Number(string part, string role) =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Bad(role, "ends in a database that is not a number.");

    private static KeyferryException Bad(string role, string what, string remedy = Forms) =>
        new(FailureKind.Usage, $"The {role} URI {what}", remedy);
}
