using Keyferry.Aws.Doctor;
using Keyferry.Cutover;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>Which fences an ElastiCache source allows. AWS's list of missing commands has <c>ACL SETUSER</c> on it, and not <c>CLIENT PAUSE</c>, which only serverless caches lack.</summary>
internal static class CacheFences
{
    /// <summary>Whether the source is a cache: named by its id, or by an endpoint of ElastiCache.</summary>
    public static bool IsCache(CacheUri? named, Endpoint source) => named is not null || CacheName.Read(source.Host) is not null;

    /// <summary>Refuses a fence that cannot be raised there.</summary>
    /// <exception cref="KeyferryException">It is one of users' rights.</exception>
    public static void Check(CutoverOptions? cutover)
    {
        if (cutover?.Fence == FenceKind.Acl)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "--fence acl cannot be raised on ElastiCache: it has no ACL SETUSER, users are changed through AWS.",
                "Use --fence pause, which is tried before it is relied on, or --fence hook with a program that stops the writers (or takes their user group away), or --fence manual."
            );
        }
    }

    /// <summary>What a plan says of the fence, or <see langword="null"/> where there is nothing to say.</summary>
    public static string? Note(CutoverOptions? cutover) =>
        cutover?.Fence == FenceKind.Pause
            ? "The source is ElastiCache. CLIENT PAUSE is not among the commands that AWS takes away from nodes (serverless caches have none, and no cutover); should it be refused all the same, the cutover is undone before anything is switched, and --fence hook and manual remain (acl does not work there)."
            : null;
}
