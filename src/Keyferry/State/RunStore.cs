using Keyferry.Model;
using Microsoft.Data.Sqlite;

namespace Keyferry.State;

/// <summary>The run store of a work directory, kept by SQLite.</summary>
/// <inheritdoc cref="IRunStore" path="/remarks"/>
internal sealed class RunStore : IRunStore
{
    private readonly SqliteFile _file;
    private readonly TimeProvider _time;

    private RunStore(SqliteFile file, TimeProvider time)
    {
        _file = file;
        _time = time;
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Opens the store of <paramref name="directory"/>, creating it where there is none.</summary>
    /// <param name="directory">Held by the caller for as long as the store is open.</param>
    /// <param name="time">Says when things happen.</param>
    /// <exception cref="KeyferryException">It cannot be opened, is damaged, or was written by a newer program.</exception>
    public static RunStore Open(WorkDirectory directory, TimeProvider time)
    {
        var file = SqliteFile.Open(directory, directory.IsOnNetwork);
        try
        {
            _ = file.Execute(true, "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
            var versions = file.Query("SELECT version FROM schema_version", static row => row.GetInt64(0));
            if (versions.Count > 0 && versions.Max() > RunSchema.Version)
            {
                throw StateTrouble.Newer(versions.Max(), directory.DatabaseFile);
            }

            if (versions.Count == 0)
            {
                _ = file.Execute(
                    true,
                    $"BEGIN; {RunSchema.Create} INSERT INTO schema_version (version) VALUES ($version); COMMIT;",
                    ("$version", RunSchema.Version)
                );
            }

            return new RunStore(file, time);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long BeginRun(RunStart start)
    {
        const string Sql = """
            BEGIN;
            INSERT INTO run (name, started, source, target, mode, options, phase) VALUES ($name, $now, $source, $target, $mode, $options, $phase);
            INSERT INTO phase (run, phase, entered, why) VALUES (last_insert_rowid(), $phase, $now, '');
            COMMIT;
            SELECT max(id) FROM run;
            """;
        return _file.Execute(
            true,
            Sql,
            ("$name", start.Name),
            ("$now", Now),
            ("$source", start.Source),
            ("$target", start.Target),
            ("$mode", start.Mode),
            ("$options", start.Options),
            ("$phase", nameof(Phase.Planned))
        );
    }

    /// <inheritdoc/>
    public void EnterPhase(long run, Phase phase, string why) =>
        _file.Execute(
            true,
            """
            BEGIN;
            UPDATE run SET phase = $phase WHERE id = $run;
            INSERT INTO phase (run, phase, entered, why) VALUES ($run, $phase, $now, $why);
            COMMIT;
            """,
            ("$run", run),
            ("$phase", phase.ToString()),
            ("$now", Now),
            ("$why", why)
        );

    /// <inheritdoc/>
    public void EndRun(long run, Verdict verdict) =>
        _file.Execute(
            true,
            "UPDATE run SET ended = $now, verdict = $verdict WHERE id = $run",
            ("$run", run),
            ("$now", Now),
            ("$verdict", verdict.ToString())
        );

    /// <inheritdoc/>
    public IReadOnlyList<RunRecord> Runs() =>
        _file.Query(
            "SELECT id, name, source, target, mode, options, started, phase, ended, verdict FROM run ORDER BY id DESC",
            static row => new RunRecord(
                row.GetInt64(0),
                new RunStart
                {
                    Name = row.GetString(1),
                    Source = row.GetString(2),
                    Target = row.GetString(3),
                    Mode = row.GetString(4),
                    Options = row.GetString(5),
                },
                Time(row, 6),
                Enum.Parse<Phase>(row.GetString(7)),
                row.IsDBNull(8) ? null : Time(row, 8),
                row.IsDBNull(9) ? null : Enum.Parse<Verdict>(row.GetString(9))
            )
        );

    /// <inheritdoc/>
    public IReadOnlyList<PhaseRecord> Phases(long run) =>
        _file.Query(
            "SELECT phase, entered, why FROM phase WHERE run = $run ORDER BY id",
            static row => new PhaseRecord(Enum.Parse<Phase>(row.GetString(0)), Time(row, 1), row.GetString(2)),
            ("$run", run)
        );

    /// <inheritdoc/>
    public long RecordLease(LeaseRecord lease) =>
        _file.Execute(
            true,
            """
            INSERT INTO lease (run, kind, host, port, tls, before, after, taken, note)
                VALUES ($run, $kind, $host, $port, $tls, $before, $after, $now, $note);
            SELECT last_insert_rowid();
            """,
            ("$run", lease.Run),
            ("$kind", lease.Kind.ToString()),
            ("$host", lease.Host),
            ("$port", lease.Port),
            ("$tls", lease.Tls),
            ("$before", lease.Before),
            ("$after", lease.After),
            ("$now", Now),
            ("$note", lease.Note)
        );

    /// <inheritdoc/>
    public void MarkLeaseUndone(long id, string note) =>
        _file.Execute(
            true,
            "UPDATE lease SET undone = $now, note = $note WHERE id = $id AND undone IS NULL",
            ("$id", id),
            ("$now", Now),
            ("$note", note)
        );

    /// <inheritdoc/>
    public IReadOnlyList<LeaseRecord> OpenLeases() =>
        _file.Query(
            "SELECT id, run, kind, host, port, tls, before, after, taken, note FROM lease WHERE undone IS NULL ORDER BY id DESC",
            static row => new LeaseRecord
            {
                Id = row.GetInt64(0),
                Run = row.IsDBNull(1) ? null : row.GetInt64(1),
                Kind = Enum.Parse<LeaseKind>(row.GetString(2)),
                Host = row.GetString(3),
                Port = row.GetInt32(4),
                Tls = row.GetBoolean(5),
                Before = row.GetString(6),
                After = row.GetString(7),
                Taken = Time(row, 8),
                Note = row.GetString(9),
            }
        );

    /// <inheritdoc/>
    public long RecordGap(GapRecord gap) =>
        _file.Execute(
            true,
            "INSERT INTO gap (run, shard, reason, scope, opened) VALUES ($run, $shard, $reason, $scope, $now); SELECT last_insert_rowid();",
            ("$run", gap.Run),
            ("$shard", gap.Shard),
            ("$reason", gap.Reason),
            ("$scope", gap.Scope),
            ("$now", Now)
        );

    /// <inheritdoc/>
    public void RetellGap(long id, string reason) =>
        _file.Execute(true, "UPDATE gap SET reason = $reason WHERE id = $id", ("$id", id), ("$reason", reason));

    /// <inheritdoc/>
    public void CloseGap(long id) =>
        _file.Execute(true, "UPDATE gap SET closed = $now WHERE id = $id AND closed IS NULL", ("$id", id), ("$now", Now));

    /// <inheritdoc/>
    public IReadOnlyList<GapRecord> Gaps(long run) =>
        _file.Query(
            "SELECT id, run, shard, reason, scope, opened, closed FROM gap WHERE run = $run ORDER BY id",
            static row => new GapRecord
            {
                Id = row.GetInt64(0),
                Run = row.GetInt64(1),
                Shard = row.GetString(2),
                Reason = row.GetString(3),
                Scope = row.GetString(4),
                Opened = Time(row, 5),
                Closed = row.IsDBNull(6) ? null : Time(row, 6),
            },
            ("$run", run)
        );

    /// <inheritdoc/>
    public void SaveScan(ScanPosition position) =>
        _file.Execute(
            false,
            """
            INSERT OR REPLACE INTO scan (run, shard, database, cursor, keys, server_run_id, done)
                VALUES ($run, $shard, $database, $cursor, $keys, $server, $done)
            """,
            ("$run", position.Run),
            ("$shard", position.Shard),
            ("$database", position.Database),
            ("$cursor", position.Cursor),
            ("$keys", position.Keys),
            ("$server", position.ServerRunId),
            ("$done", position.Done)
        );

    /// <inheritdoc/>
    public ScanPosition? LoadScan(long run, string shard)
    {
        var found = _file.Query(
            "SELECT run, shard, database, cursor, keys, server_run_id, done FROM scan WHERE run = $run AND shard = $shard",
            static row => new ScanPosition
            {
                Run = row.GetInt64(0),
                Shard = row.GetString(1),
                Database = row.GetInt32(2),
                Cursor = row.GetString(3),
                Keys = row.GetInt64(4),
                ServerRunId = row.GetString(5),
                Done = row.GetBoolean(6),
            },
            ("$run", run),
            ("$shard", shard)
        );
        return found.Count > 0 ? found[0] : null;
    }

    /// <inheritdoc/>
    public void SaveCounters(long run, IReadOnlyDictionary<string, long> counters)
    {
        foreach (var (name, value) in counters)
        {
            _ = _file.Execute(
                false,
                "INSERT OR REPLACE INTO counter (run, name, value) VALUES ($run, $name, $value)",
                ("$run", run),
                ("$name", name),
                ("$value", value)
            );
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, long> LoadCounters(long run) =>
        _file
            .Query(
                "SELECT name, value FROM counter WHERE run = $run",
                static row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)),
                ("$run", run)
            )
            .ToDictionary(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void RecordVerify(VerifyRecord result) =>
        _file.Execute(
            true,
            """
            INSERT INTO verify (run, at, verdict, compared, looked_up, differences, in_flight, repaired)
                VALUES ($run, $now, $verdict, $compared, $lookedUp, $differences, $inFlight, $repaired)
            """,
            ("$run", result.Run),
            ("$now", Now),
            ("$verdict", result.Verdict.ToString()),
            ("$compared", result.Compared),
            ("$lookedUp", result.LookedUp),
            ("$differences", result.Differences),
            ("$inFlight", result.InFlight),
            ("$repaired", result.Repaired)
        );

    /// <inheritdoc/>
    public IReadOnlyList<VerifyRecord> Verifies(long run) =>
        _file.Query(
            "SELECT run, at, verdict, compared, looked_up, differences, in_flight, repaired FROM verify WHERE run = $run ORDER BY id",
            static row => new VerifyRecord
            {
                Run = row.GetInt64(0),
                At = Time(row, 1),
                Verdict = Enum.Parse<Verdict>(row.GetString(2)),
                Compared = row.GetInt64(3),
                LookedUp = row.GetInt64(4),
                Differences = row.GetInt64(5),
                InFlight = row.GetInt64(6),
                Repaired = row.GetInt64(7),
            },
            ("$run", run)
        );

    /// <summary>Lets the file grow to so many pages at most, 0 for no further, as if the disk were full.</summary>
    internal void LimitPages(int pages) => _file.Execute(false, $"PRAGMA max_page_count = {Math.Max(1, pages)}");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static DateTimeOffset Time(SqliteDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));
}
