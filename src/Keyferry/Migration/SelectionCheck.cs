using Keyferry.Model;

namespace Keyferry.Migration;

/// <summary>Whether what a run is asked to choose goes together. Nothing has to be asked of a server for that.</summary>
internal static class SelectionCheck
{
    /// <summary>Refuses options that contradict each other.</summary>
    /// <exception cref="KeyferryException">They do.</exception>
    public static void Throw(MigrationOptions options)
    {
        if (options.Databases is not null && (options.Source.Database ?? options.Target.Database) is not null)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "The databases are named twice: by --databases and in a URI.",
                "Name them in one of the two ways."
            );
        }

        if (options.Source.Database is null && options.Target.Database is not null)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "The target URI names a database, but the source URI names none, which means all of them.",
                "Name the database in both URIs, or in neither."
            );
        }

        ThrowForReplicas(options);
        ThrowForWayBack(options);
    }

    private static void ThrowForReplicas(MigrationOptions options)
    {
        if (options.SourceReads == SourceReads.Replica && options.Kinds.AskSizes)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "Keys cannot be chosen by size while replicas are read: a value may use another amount of memory there than on the primary.",
                "Leave out --source-read-from replica, or --larger-than and --smaller-than."
            );
        }

        if (options.SourceReads == SourceReads.Replica && !options.Verify)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "A copy that is read at replicas has to be compared with the primaries in the end: a replica that synchronises anew in the middle of a page of SCAN may tell of fewer keys than there are.",
                "Leave out --source-read-from replica, or --no-verify."
            );
        }
    }

    private static void ThrowForWayBack(MigrationOptions options)
    {
        if (options.Cutover?.ReverseWindow is not null && options.DatabasePrefixes.Count > 0)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "There is no way back from a run that brings databases together under prefixes: a key that is written there later may belong to none of them.",
                "Leave out --reverse-window, or give each database one of its own (--rename-prefix gives names back on the way)."
            );
        }

        if (options.Cutover?.ReverseWindow is not null && !options.Expiry.Keeps)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "There is no way back from a run that drops or caps expiries: what the keys had before is not known on the new side.",
                "Leave out --reverse-window or --expiry."
            );
        }

        if (options.Cutover?.ReverseWindow is not null && !options.Kinds.AreAll)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "There is no way back from a run that chooses keys by type, size or expiry: keys of the source that were not moved could not be told from keys that were deleted since.",
                "Leave out --reverse-window, or choose by names, slots and databases alone."
            );
        }
    }
}
