using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Keyferry.Aws.Identity;

namespace Keyferry.Aws.Calls;

/// <summary>Signs requests the way AWS asks for (Signature Version 4), in the header or in the query.</summary>
/// <remarks>
/// Written down in AWS's reference, "Create a signed AWS API request". The same key, time and request give the same signature anywhere; the tests hold known ones.
/// </remarks>
/// <param name="credentials">The key.</param>
/// <param name="region">Such as <c>eu-north-1</c>.</param>
/// <param name="service">The service's name in signatures, such as <c>elasticache</c>.</param>
/// <param name="at">The time of the request.</param>
internal sealed class SignatureV4(AwsCredentials credentials, string region, string service, DateTimeOffset at)
{
    /// <summary>The name of the algorithm.</summary>
    public const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>SHA-256 of nothing: of the body of every GET.</summary>
    private static readonly string EmptyHash = Hash([]);

    /// <summary>The time as it stands in <c>X-Amz-Date</c>.</summary>
    public string Timestamp { get; } = at.ToUniversalTime().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    private string Scope => $"{Timestamp[..8]}/{region}/{service}/aws4_request";

    /// <summary>The value of the <c>Authorization</c> header.</summary>
    /// <param name="method"><c>POST</c> or <c>GET</c>.</param>
    /// <param name="path">Absolute, as it is sent.</param>
    /// <param name="query">Sorted and encoded, or empty.</param>
    /// <param name="headers">Every header to be signed, by its name in small letters; <c>host</c> and <c>x-amz-date</c> among them.</param>
    /// <param name="body">The whole body.</param>
    public string Authorize(string method, string path, string query, SortedDictionary<string, string> headers, ReadOnlySpan<byte> body)
    {
        var signed = string.Join(';', headers.Keys);
        var canonical = Canonical(method, path, query, headers, Hash(body));
        return $"{Algorithm} Credential={credentials.AccessKeyId}/{Scope}, SignedHeaders={signed}, Signature={Sign(canonical)}";
    }

    /// <summary>A signed URL for GET without its scheme: host, path, and a query that holds the signature.</summary>
    /// <param name="host">The host that is signed; it need not exist.</param>
    /// <param name="query">What the request says.</param>
    /// <param name="life">For how long it is good.</param>
    public string Presign(string host, IEnumerable<KeyValuePair<string, string>> query, TimeSpan life)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["X-Amz-Algorithm"] = Algorithm,
            ["X-Amz-Credential"] = $"{credentials.AccessKeyId}/{Scope}",
            ["X-Amz-Date"] = Timestamp,
            ["X-Amz-Expires"] = ((long)life.TotalSeconds).ToString(CultureInfo.InvariantCulture),
            ["X-Amz-SignedHeaders"] = "host",
        };
        foreach (var (name, value) in query)
        {
            all[name] = value;
        }

        if (credentials.SessionToken is { } token)
        {
            all["X-Amz-Security-Token"] = token.Reveal();
        }

        var text = string.Join('&', all.Select(static pair => $"{Encode(pair.Key)}={Encode(pair.Value)}"));
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["host"] = host };
        return $"{host}/?{text}&X-Amz-Signature={Sign(Canonical("GET", "/", text, headers, EmptyHash))}";
    }

    /// <summary>Percent-encodes everything but letters, digits and <c>-_.~</c>.</summary>
    public static string Encode(string text) => Uri.EscapeDataString(text);

    private static string Canonical(string method, string path, string query, SortedDictionary<string, string> headers, string bodyHash)
    {
        var lines = string.Concat(headers.Select(static pair => $"{pair.Key}:{pair.Value.Trim()}\n"));
        return $"{method}\n{path}\n{query}\n{lines}\n{string.Join(';', headers.Keys)}\n{bodyHash}";
    }

    private string Sign(string canonical)
    {
        var text = $"{Algorithm}\n{Timestamp}\n{Scope}\n{Hash(Encoding.UTF8.GetBytes(canonical))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey.Reveal());
        foreach (var part in (string[])[Timestamp[..8], region, service, "aws4_request", text])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        return Convert.ToHexStringLower(key);
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
