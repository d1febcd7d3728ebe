using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Keyferry.AwsDouble.Wire;

/// <summary>Checks signatures as AWS does, with code of its own: what the product signs with is not used here.</summary>
internal static partial class SignatureCheck
{
    private static readonly TimeSpan AllowedSkew = TimeSpan.FromMinutes(15);

    /// <summary>Service and region of the signed scope.</summary>
    /// <exception cref="RefusalException">The request is not signed, or not rightly.</exception>
    public static (string Service, string Region) Verify(
        HttpListenerRequest request,
        byte[] body,
        IReadOnlyDictionary<string, (string Secret, string? Token)> keys,
        DateTimeOffset now
    )
    {
        var header = request.Headers["Authorization"];
        if (string.IsNullOrEmpty(header))
        {
            throw new RefusalException("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
        }

        var match = Authorization().Match(header);
        if (!match.Success)
        {
            throw new RefusalException("IncompleteSignature", $"Authorization header is malformed: {header}", 403);
        }

        string Part(string name) => match.Groups[name].Value;
        if (!keys.TryGetValue(Part("key"), out var known) || known.Token != request.Headers["X-Amz-Security-Token"])
        {
            throw new RefusalException("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
        }

        var stamp = request.Headers["X-Amz-Date"] ?? "";
        CheckTime(stamp, Part("date"), now);
        var signed = Part("headers").Split(';');
        if (!signed.Contains("host") || !signed.Contains("x-amz-date") || !signed.SequenceEqual(signed.Order(StringComparer.Ordinal)))
        {
            throw new RefusalException("SignatureDoesNotMatch", "'Host' and 'X-Amz-Date' must be signed headers, in order.", 403);
        }

        var expected = Expected(
            request,
            body,
            signed,
            known.Secret,
            stamp,
            $"{Part("date")}/{Part("region")}/{Part("service")}/aws4_request"
        );
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.ASCII.GetBytes(Part("signature"))))
        {
            throw new RefusalException(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
                403
            );
        }

        return (Part("service"), Part("region"));
    }

    private static void CheckTime(string stamp, string date, DateTimeOffset now)
    {
        var at = DateTimeOffset.ParseExact(stamp, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        if ((now - at).Duration() > AllowedSkew)
        {
            throw new RefusalException("RequestExpired", $"Signature expired: {stamp} is too far from {now:yyyyMMdd'T'HHmmss'Z'}", 400);
        }

        if (!stamp.StartsWith(date, StringComparison.Ordinal))
        {
            throw new RefusalException("SignatureDoesNotMatch", "Date in Credential scope does not match the request's.", 403);
        }
    }

    private static string Expected(HttpListenerRequest request, byte[] body, string[] signed, string secret, string stamp, string scope)
    {
        var canonical = new StringBuilder();
        var url = request.Url ?? throw new RefusalException("IncompleteSignature", "no URL", 400);
        canonical
            .Append(request.HttpMethod)
            .Append('\n')
            .Append(url.AbsolutePath)
            .Append('\n')
            .Append(url.Query.TrimStart('?'))
            .Append('\n');
        foreach (var name in signed)
        {
            canonical.Append(name).Append(':').Append((request.Headers[name] ?? "").Trim()).Append('\n');
        }

        canonical.Append('\n').Append(string.Join(';', signed)).Append('\n').Append(Hex(SHA256.HashData(body)));
        var toSign = $"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToString())))}";
        var key = scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + secret), static (key, part) => Hmac(key, part));
        return Hex(Hmac(key, toSign));
    }

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    [GeneratedRegex(
        @"^AWS4-HMAC-SHA256 Credential=(?<key>\w+)/(?<date>\d{8})/(?<region>[a-z0-9-]+)/(?<service>[a-z0-9-]+)/aws4_request, ?SignedHeaders=(?<headers>[a-z0-9;-]+), ?Signature=(?<signature>[0-9a-f]{64})$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Authorization();
}
