namespace Keyferry.Snapshot;

/// <summary>How far the first pass has come: everything before it has been handed to the lanes.</summary>
/// <param name="RunId">The run id of the server process that the cursor belongs to; it means nothing to another.</param>
/// <param name="Database">The database that is being scanned; those before it are done.</param>
/// <param name="Cursor">The cursor to go on with, in decimal as SCAN gave it.</param>
/// <param name="Scanned">Names handed over so far.</param>
/// <param name="Done">Whether the pass has come to its end.</param>
internal sealed record SnapshotPosition(string RunId, int Database, string Cursor, long Scanned, bool Done);
