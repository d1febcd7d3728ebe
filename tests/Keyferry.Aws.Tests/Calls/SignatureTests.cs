using System.Globalization;
using System.Text;
using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Identity;
using Keyferry.Model;

namespace Keyferry.Aws.Tests.Calls;

/// <summary>Signatures that two independent signers have computed (npm's aws4, and one in Python).</summary>
public sealed class SignatureTests
{
    private static readonly DateTimeOffset _at = DateTimeOffset.ParseExact(
        "20260115T101112Z",
        "yyyyMMdd'T'HHmmss'Z'",
        CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal
    );

    private static readonly AwsCredentials _key = new("AKIDEXAMPLE", new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), null);

    [Theory]
    [InlineData(false, null, "26502b8eb37f48dcf15dd1c708f8b2b8af7837bb3ae2491c739e0a751a5df579")]
    [InlineData(true, null, "52e0dfb61b54c1acff12e479951fadf6124a2a3096e18b46ae2c0cef8c2d8581")]
    [InlineData(false, "FwoGZXIvYXdzE//////example==", "0cbbad0c4a14fd6e847858a69e63c0ac5046baea4724dfb39cb39528156d66c7")]
    public void Token_for_a_cache_is_signed_as_others_sign_it(bool isServerless, string? session, string signature)
    {
        var key = _key with { SessionToken = session is null ? null : new Secret(session) };
        var token = IamToken.Sign(key, "eu-north-1", "My-Cache", "iam-user-01", isServerless, _at).Reveal();
        Assert.StartsWith("my-cache/?Action=connect&", token, StringComparison.Ordinal);
        Assert.EndsWith($"&X-Amz-Signature={signature}", token, StringComparison.Ordinal);
    }

    [Fact]
    public void Whole_token_reads_as_written_down()
    {
        Assert.Equal(
            "my-cache/?Action=connect&User=iam-user-01&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260115%2Feu-north-1%2Felasticache%2Faws4_request"
                + "&X-Amz-Date=20260115T101112Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=26502b8eb37f48dcf15dd1c708f8b2b8af7837bb3ae2491c739e0a751a5df579",
            IamToken.Sign(_key, "eu-north-1", "my-cache", "iam-user-01", isServerless: false, _at).Reveal()
        );
    }

    [Fact]
    public void Service_is_part_of_the_signature()
    {
        KeyValuePair<string, string>[] query = [new("Action", "connect"), new("User", "iam-user-01")];
        var token = new SignatureV4(_key, "eu-north-1", "memorydb", _at).Presign("my-cluster", query, TimeSpan.FromMinutes(15));
        Assert.EndsWith("eba05a6cd7dd6a52a1b464d96e0ed8516b2f506c2a93fc7957817f982e3b39a3", token, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "b6751b3b04db68393d9008e9e68debbe03ecb2953992d052dc1425379eb5d4d3")]
    [InlineData(true, "1e342cb5d5b1dd62b9117f01ce2428594a5ba85046939d6c472a6a7e775a92d1")]
    public void Query_is_signed_as_others_sign_it(bool withLength, string signature)
    {
        var body = "Action=DescribeCacheClusters&Version=2015-02-02&CacheClusterId=my-cache-001&ShowCacheNodeInfo=true"u8.ToArray();
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["content-type"] = AwsCaller.Form,
            ["host"] = "elasticache.eu-north-1.amazonaws.com",
            ["x-amz-date"] = "20260115T101112Z",
        };
        if (withLength)
        {
            headers["content-length"] = body.Length.ToString(CultureInfo.InvariantCulture);
        }

        var authorization = new SignatureV4(_key, "eu-north-1", "elasticache", _at).Authorize("POST", "/", "", headers, body);
        Assert.EndsWith($"Signature={signature}", authorization, StringComparison.Ordinal);
    }
}
