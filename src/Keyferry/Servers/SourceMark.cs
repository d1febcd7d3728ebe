using System.Globalization;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>Tells whether a source was written to between two moments, for runs that hear of no changes (a snapshot, polling).</summary>
/// <param name="RunId">The process, or all of them in a cluster.</param>
/// <param name="Saved">When it last saved to disk, which sets the count of changes back; empty where it does not say.</param>
/// <param name="Changes">Changes since then. Keys that expire are none of them (measured on Redis 6.0, 7.0, 8.0, 8.6 and Valkey 8.1, 9.1): the clock removes them on both
/// sides.</param>
internal sealed record SourceMark(string RunId, string Saved, long Changes)
{
    /// <summary>Asks the source.</summary>
    /// <exception cref="KeyferryException">It cannot be reached.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    /// <exception cref="ServerErrorException">INFO is not permitted.</exception>
    public static async ValueTask<SourceMark> TakeAsync(ServerConnector source, CancellationToken stop)
    {
        var marks = new List<SourceMark>();
        foreach (var node in source.Nodes)
        {
            await using var connection = await node.ConnectAsync("mark", stop);
            marks.Add(await TakeAsync(connection, stop));
        }

        return new SourceMark(
            string.Join('+', marks.Select(static mark => mark.RunId)),
            marks.Exists(static mark => mark.Saved.Length == 0) ? "" : string.Join('+', marks.Select(static mark => mark.Saved)),
            marks.Sum(static mark => mark.Changes)
        );
    }

    /// <summary>Asks one node on a connection that is open.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    /// <exception cref="ServerErrorException">INFO is not permitted.</exception>
    public static async ValueTask<SourceMark> TakeAsync(RespConnection connection, CancellationToken stop)
    {
        var identity = await ServerConnector.IdentifyAsync(connection, stop);
        return new SourceMark(
            identity.RunId,
            identity.Fields.GetValueOrDefault("rdb_last_save_time", ""),
            Number(identity, "rdb_changes_since_last_save")
        );
    }

    /// <summary>Why it cannot be said that nothing was written between this mark and <paramref name="later"/>; <see langword="null"/> where nothing was.</summary>
    public string? WrittenUntil(SourceMark later)
    {
        if (RunId != later.RunId)
        {
            return "the source was restarted while both sides were compared";
        }

        if (Saved.Length == 0 || Saved != later.Saved)
        {
            return "it cannot be told whether the source was written to while both sides were compared, and this run hears of no changes";
        }

        return later.Changes != Changes
            ? "the source was written to while both sides were compared, and this run hears of no changes; stop the writers first, or use --mode live with a capture that listens"
            : null;
    }

    /// <summary>Whether the source was written to between this mark and <paramref name="later"/>, as far as its own count can tell: a save to disk in between, and a
    /// server that does not count, hide it.</summary>
    public bool CountsWritesUntil(SourceMark later) => Saved == later.Saved && later.Changes != Changes;

    private static long Number(ServerIdentity identity, string field) =>
        long.TryParse(identity.Fields.GetValueOrDefault(field), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
}
