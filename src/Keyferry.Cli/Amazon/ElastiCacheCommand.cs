using System.CommandLine;

namespace Keyferry.Cli.Amazon;

/// <summary><c>keyferry elasticache</c>: the caches of a region.</summary>
internal static class ElastiCacheCommand
{
    /// <summary>Creates the command with those below it.</summary>
    public static Command Create(Surroundings surroundings) =>
        new(
            "elasticache",
            "Lists, shows, creates and deletes ElastiCache caches. Creating and deleting print each call, and do it with --yes only."
        )
        {
            ListCachesCommand.Create(surroundings),
            ShowCacheCommand.Create(surroundings),
            ProvisionCommand.Create(surroundings),
            DeleteCacheCommand.Create(surroundings),
        };
}
