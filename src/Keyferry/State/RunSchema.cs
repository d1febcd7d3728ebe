namespace Keyferry.State;

/// <summary>The tables of the run store, and their version.</summary>
internal static class RunSchema
{
    /// <summary>The version that this program writes. It reads no newer one.</summary>
    public const int Version = 1;

    /// <summary>Creates what is missing. Times are milliseconds since 1970, UTC.</summary>
    public const string Create = """
        CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS run (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, started INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
            mode TEXT NOT NULL, options TEXT NOT NULL, phase TEXT NOT NULL, ended INTEGER, verdict TEXT);
        CREATE TABLE IF NOT EXISTS phase (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES run(id), phase TEXT NOT NULL, entered INTEGER NOT NULL,
            why TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS lease (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER REFERENCES run(id), kind TEXT NOT NULL, host TEXT NOT NULL, port INTEGER NOT NULL,
            tls INTEGER NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, taken INTEGER NOT NULL, undone INTEGER, note TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS gap (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES run(id), shard TEXT NOT NULL, reason TEXT NOT NULL,
            scope TEXT NOT NULL, opened INTEGER NOT NULL, closed INTEGER);
        CREATE TABLE IF NOT EXISTS scan (
            run INTEGER NOT NULL REFERENCES run(id), shard TEXT NOT NULL, database INTEGER NOT NULL, cursor TEXT NOT NULL, keys INTEGER NOT NULL,
            server_run_id TEXT NOT NULL, done INTEGER NOT NULL, PRIMARY KEY (run, shard)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS counter (
            run INTEGER NOT NULL REFERENCES run(id), name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (run, name)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS verify (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES run(id), at INTEGER NOT NULL, verdict TEXT NOT NULL,
            compared INTEGER NOT NULL, looked_up INTEGER NOT NULL, differences INTEGER NOT NULL, in_flight INTEGER NOT NULL,
            repaired INTEGER NOT NULL);
        """;
}
