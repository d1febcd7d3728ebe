using Keyferry.Aws.Calls;
using Keyferry.Aws.Identity;
using Keyferry.Model;

namespace Keyferry.Aws.ElastiCache;

/// <summary>The password of a user that proves itself by IAM: a signed URL without its scheme. It is made here; nothing is asked of AWS.</summary>
/// <remarks>Good for 15 minutes, for logging in; a connection that has logged in with one is cut after 12 hours unless it says a new one.</remarks>
internal static class IamToken
{
    /// <summary>For how long a token is good.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    /// <summary>Signs one.</summary>
    /// <param name="credentials">Whose permission <c>elasticache:Connect</c> is used.</param>
    /// <param name="region">Where the cache is.</param>
    /// <param name="cache">Id or name of the cache; signed in small letters, as AWS stores it.</param>
    /// <param name="user">The user's id, which is its name as well.</param>
    /// <param name="isServerless">Whether it is a serverless cache.</param>
    /// <param name="at">Now.</param>
    public static Secret Sign(AwsCredentials credentials, string region, string cache, string user, bool isServerless, DateTimeOffset at)
    {
        List<KeyValuePair<string, string>> query = [new("Action", "connect"), new("User", user)];
        if (isServerless)
        {
            query.Add(new("ResourceType", "ServerlessCache"));
        }

        return new Secret(new SignatureV4(credentials, region, "elasticache", at).Presign(cache.ToLowerInvariant(), query, Life));
    }
}
