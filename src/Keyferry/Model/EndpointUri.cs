using System.Globalization;

namespace Keyferry.Model;

/// <summary>Reads the forms in which users name a server: <c>redis://user:password@host:port/db</c>, <c>rediss://...</c>, <c>host:port</c>, <c>host</c>.</summary>
public static class EndpointUri
{
    private const string Forms = "Write redis://host:port, rediss://host:port for TLS, or host:port; user, password and /db are optional.";

    /// <summary>Parses <paramref name="text"/>. <c>%NN</c> in user and password is decoded.</summary>
    /// <param name="text">What the user gave.</param>
    /// <param name="role"><c>source</c>, <c>target</c> or <c>server</c>; for messages.</param>
    /// <exception cref="KeyferryException">It is none of the forms. The message never repeats the part that may hold a password.</exception>
    public static Endpoint Parse(string text, string role = "server")
    {
        var tls = false;
        var rest = text.Trim();
        var scheme = rest.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
        {
            tls = rest[..scheme].ToLowerInvariant() switch
            {
                "redis" or "valkey" => false,
                "rediss" or "valkeys" => true,
                var other => throw Bad(role, $"starts with {other}://, which is no scheme of a Redis-compatible server."),
            };
            rest = rest[(scheme + 3)..];
        }

        var at = rest.LastIndexOf('@');
        var (user, password) = at >= 0 ? Credentials(rest[..at], role) : (null, null);
        rest = rest[(at + 1)..];
        int? database = null;
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
        {
            database = DatabaseOf(rest[(slash + 1)..], role);
            rest = rest[..slash];
        }

        var (host, port) = HostAndPort(rest, role);
        return new Endpoint
        {
            Host = host,
            Port = port,
            Tls = tls,
            User = user,
            Password = password,
            Database = database,
        };
    }

    private static (string? User, Secret? Password) Credentials(string part, string role)
    {
        var colon = part.IndexOf(':', StringComparison.Ordinal);
        var user = Uri.UnescapeDataString(colon >= 0 ? part[..colon] : part);
        Secret? password = colon >= 0 ? new Secret(Uri.UnescapeDataString(part[(colon + 1)..])) : null;
        if (part.Contains('/', StringComparison.Ordinal))
        {
            throw Bad(role, "has a / in the user or password.", "Write it as %2F.");
        }

        return (user.Length == 0 ? null : user, password);
    }

    private static int? DatabaseOf(string part, string role)
    {
        if (part.Length == 0)
        {
            return null;
        }

        return int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var database)
            ? database
            : throw Bad(role, "ends in a database that is not a number.");
    }

    private static (string Host, int Port) HostAndPort(string part, string role)
    {
        var port = 6379;
        var host = part;
        var bracket = part.LastIndexOf(']');
        var colon = part.LastIndexOf(':');
        if (colon > bracket && (bracket >= 0 || part.IndexOf(':', StringComparison.Ordinal) == colon))
        {
            host = part[..colon];
            if (!int.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)
            {
                throw Bad(role, "has a port that is not a number from 1 to 65535.");
            }
        }

        host = host.Trim('[', ']');
        return host.Length > 0 && !host.Any(char.IsWhiteSpace) ? (host, port) : throw Bad(role, "names no host.");
    }

    private static KeyferryException Bad(string role, string what, string remedy = Forms) =>
        new(FailureKind.Usage, $"The {role} URI {what}", remedy);
}
