using System.Globalization;
using System.Net;

namespace Keyferry.Model;

/// <summary>Reads the forms in which users name a server: <c>redis://user:password@host:port/db</c>, <c>rediss://...</c>, <c>host:port</c>, <c>host</c>,
/// <c>redis+sentinel://host:port,host:port/service/db?sentinels=plain</c>.</summary>
public static class EndpointUri
{
    private const int SentinelPort = 26379;

    private const string Brackets = "Write an IPv6 address in brackets, and the port behind them: redis://[::1]:6379.";

    private const string Forms = "Write redis://host:port, rediss://host:port for TLS, or host:port; user, password and /db are optional.";

    /// <summary>Parses <paramref name="text"/>. <c>%NN</c> in user and password is decoded.</summary>
    /// <param name="text">What the user gave.</param>
    /// <param name="role"><c>source</c>, <c>target</c> or <c>server</c>; for messages.</param>
    /// <exception cref="KeyferryException">It is none of the forms. The message never repeats the part that may hold a password.</exception>
    public static Endpoint Parse(string text, string role = "server")
    {
        var (tls, sentinels) = (false, false);
        var rest = text.Trim();
        var scheme = rest.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
        {
            (tls, sentinels) = rest[..scheme].ToLowerInvariant() switch
            {
                "redis" or "valkey" => (false, false),
                "rediss" or "valkeys" => (true, false),
                "redis+sentinel" or "valkey+sentinel" => (false, true),
                "rediss+sentinel" or "valkeys+sentinel" => (true, true),
                var other => throw Bad(role, $"starts with {other}://, which is no scheme of a Redis-compatible server."),
            };
            rest = rest[(scheme + 3)..];
        }

        var at = rest.LastIndexOf('@');
        var (user, password) = at >= 0 ? Credentials(rest[..at], role) : (null, null);
        rest = rest[(at + 1)..];
        if (sentinels)
        {
            return WithSentinels(rest, role) with { Tls = tls, User = user, Password = password };
        }

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

    private static Endpoint WithSentinels(string rest, string role)
    {
        if (role == "server")
        {
            throw Bad(role, "names sentinels, but this command is about one server.", "Name the server itself: redis://host:port.");
        }

        var query = rest.IndexOf('?', StringComparison.Ordinal);
        bool? tls = query < 0 ? null : SentinelsSpeakTls(rest[(query + 1)..], role);
        rest = query < 0 ? rest : rest[..query];
        if (rest.Split('/') is not [var hosts, { Length: > 0 } service, .. { Length: <= 1 } database])
        {
            throw Bad(
                role,
                "names sentinels, but not the service that they watch over.",
                "Write redis+sentinel://host:port,host:port/service; user, password and /db are optional."
            );
        }

        SentinelAddress[] sentinels = [.. hosts.Split(',').Select(host => AddressOf(host, role))];
        return new Endpoint
        {
            Host = sentinels[0].Host,
            Port = sentinels[0].Port,
            Sentinel = new SentinelTerms(Uri.UnescapeDataString(service), sentinels) { Tls = tls },
            Database = database is [var number] ? DatabaseOf(number, role) : null,
        };
    }

    private static bool SentinelsSpeakTls(string query, string role) =>
        query switch
        {
            "sentinels=plain" => false,
            "sentinels=tls" => true,
            _ => throw Bad(
                role,
                "has something after the ? that is not known.",
                "Write ?sentinels=plain where the servers speak TLS and the sentinels do not, ?sentinels=tls where it is the other way round; else nothing."
            ),
        };

    private static SentinelAddress AddressOf(string text, string role)
    {
        var (host, port) = HostAndPort(text, role, SentinelPort);
        return new SentinelAddress(host, port);
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

    private static (string Host, int Port) HostAndPort(string part, string role, int port = 6379)
    {
        var (host, behind) = part.StartsWith('[') ? InBrackets(part, role) : BeforeColon(part, role);
        if (
            behind.Length > 0
            && (
                behind[0] != ':'
                || !int.TryParse(behind.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
                || port is < 1 or > 65535
            )
        )
        {
            throw Bad(role, "has a port that is not a number from 1 to 65535.");
        }

        return host.Length > 0 && !host.Any(char.IsWhiteSpace) ? (host, port) : throw Bad(role, "names no host.");
    }

    private static (string Host, string Behind) InBrackets(string part, string role)
    {
        var end = part.IndexOf(']', StringComparison.Ordinal);
        var host = end < 0 ? "" : part[1..end];
        return host.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(host, out _)
            ? (host, part[(end + 1)..])
            : throw Bad(role, "has brackets with no IPv6 address between them.", Brackets);
    }

    private static (string Host, string Behind) BeforeColon(string part, string role)
    {
        var colon = part.IndexOf(':', StringComparison.Ordinal);
        if (colon != part.LastIndexOf(':'))
        {
            // Whether its last part is a port cannot be told.
            throw Bad(role, "has an IPv6 address without brackets, or more than one port.", Brackets);
        }

        return colon < 0 ? (part, "") : (part[..colon], part[colon..]);
    }

    private static KeyferryException Bad(string role, string what, string remedy = Forms) =>
        new(FailureKind.Usage, $"The {role} URI {what}", remedy);
}
