using Keyferry.Model;

namespace Keyferry.Aws.Identity;

/// <summary>A key of an AWS account, and for how long it is good.</summary>
/// <param name="AccessKeyId">The public half; it may print.</param>
/// <param name="SecretKey">What requests are signed with.</param>
/// <param name="SessionToken">Accompanies a temporary key; <see langword="null"/> for a permanent one.</param>
/// <param name="Expires">When a temporary key ends, or <see langword="null"/>.</param>
/// <param name="From">Where it was found, in words.</param>
internal sealed record AwsCredentials(
    string AccessKeyId,
    Secret SecretKey,
    Secret? SessionToken,
    DateTimeOffset? Expires = null,
    string From = "the environment"
)
{
    /// <summary>Of a call that is not signed.</summary>
    public static readonly AwsCredentials None = new("", new Secret(""), null);
}
