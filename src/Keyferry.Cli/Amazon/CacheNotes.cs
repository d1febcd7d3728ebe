using Keyferry.Capture;
using Keyferry.Migration;

namespace Keyferry.Cli.Amazon;

/// <summary>What a plan says of an ElastiCache source beside what the server says of itself.</summary>
internal static class CacheNotes
{
    /// <summary>The notes; none where the source is no cache.</summary>
    /// <param name="named">The source's URI where it names a cache, or <see langword="null"/>.</param>
    /// <param name="options">The run.</param>
    /// <param name="plan">What the servers said.</param>
    public static IReadOnlyList<string> Of(CacheUri? named, MigrationOptions options, MigrationPlan plan)
    {
        // A serverless cache whose cutover is refused: that there are neither notifications nor a pause has been said.
        if (plan.HearsNothing || !CacheFences.IsCache(named, options.Source))
        {
            return [];
        }

        List<string> notes = [];
        if (options.Mode != MigrationMode.Snapshot && options.Capture is CaptureKind.Auto or CaptureKind.Notifications)
        {
            notes.Add(
                "The source is ElastiCache: its notifications are switched on through its parameter group, beforehand, not by the run: keyferry notifications enable "
                    + $"--elasticache {named?.Id ?? "ID"} (status shows whether they are on). A serverless cache has none; it is followed by polling."
            );
        }

        if (CacheFences.Note(options.Cutover) is { } fence)
        {
            notes.Add(fence);
        }

        return notes;
    }
}
