using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Aws.ElastiCache;

/// <summary>A user that proves itself by IAM: each login gets a token that is signed for it.</summary>
/// <param name="caller">Has the credentials.</param>
/// <param name="cache">Which cache.</param>
/// <param name="user">The user's id.</param>
/// <param name="renewal">After how long a connection must say a new token; AWS cuts it after 12 hours.</param>
internal sealed class IamPassword(AwsCaller caller, Cache cache, string user, TimeSpan renewal) : IPasswordSource
{
    /// <summary>An hour before AWS would cut the connection.</summary>
    public static readonly TimeSpan DefaultRenewal = TimeSpan.FromHours(11);

    /// <inheritdoc/>
    public TimeSpan Renewal => renewal;

    /// <inheritdoc/>
    public async ValueTask<Secret> GetAsync(CancellationToken stop) =>
        IamToken.Sign(
            await caller.CredentialsAsync(stop),
            caller.Region,
            cache.Id,
            user,
            cache.Kind == CacheKind.Serverless,
            caller.Time.GetUtcNow()
        );
}
