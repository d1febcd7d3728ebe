using Microsoft.Data.Sqlite;

namespace Keyferry.State;

/// <summary>One open SQLite file: statements in, rows out, failures told in an operator's words.</summary>
/// <remarks>Thread-safe: one statement at a time.</remarks>
internal sealed class SqliteFile : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SqliteConnection _connection;
    private readonly string _path;
    private readonly bool _alwaysDurable;
    private bool _durable;

    private SqliteFile(SqliteConnection connection, string path, bool durable)
    {
        _connection = connection;
        _path = path;
        (_durable, _alwaysDurable) = (durable, durable);
    }

    /// <summary>Opens the database of <paramref name="directory"/>: with a write-ahead log, or with a rollback journal where it lies on another machine.</summary>
    /// <remarks>A write-ahead log needs memory that all who use the file share, and so one machine (https://www.sqlite.org/wal.html): a task that takes over from one on another
    /// machine must not rely on it. A file that has one already is turned over.</remarks>
    /// <param name="directory">Where it lies.</param>
    /// <param name="onNetwork">Whether that is a file system of another machine, as NFS.</param>
    /// <exception cref="Model.KeyferryException">It cannot be opened or written.</exception>
    public static SqliteFile Open(WorkDirectory directory, bool onNetwork)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = directory.DatabaseFile,
                Mode = SqliteOpenMode.ReadWriteCreate,
                Pooling = false,
                ForeignKeys = true,
            }.ToString()
        );
        try
        {
            directory.CreateDatabaseFile();
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = onNetwork
                ? "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
                : "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
            _ = command.ExecuteNonQuery();
            return new SqliteFile(connection, directory.DatabaseFile, durable: onNetwork);
        }
        catch (SqliteException failed)
        {
            connection.Dispose();
            throw StateTrouble.Of(failed, directory.DatabaseFile);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            connection.Dispose();
            throw StateTrouble.NotWritable(failed, directory.DatabaseFile);
        }
    }

    /// <summary>Runs statements.</summary>
    /// <param name="durable">They, and everything before them, survive a power cut once this has returned.</param>
    /// <param name="sql">One or more statements, none of them built from data.</param>
    /// <param name="values">The named parameters.</param>
    /// <returns>The first value of the first row, or 0 where there is none.</returns>
    public long Execute(bool durable, string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        lock (_lock)
        {
            try
            {
                Sync(durable);
                using var command = Command(sql, values);
                return command.ExecuteScalar() is long number ? number : 0;
            }
            catch (SqliteException failed)
            {
                RollBack();
                throw StateTrouble.Of(failed, _path);
            }
        }
    }

    /// <summary>Reads rows.</summary>
    public IReadOnlyList<T> Query<T>(string sql, Func<SqliteDataReader, T> take, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        lock (_lock)
        {
            try
            {
                using var command = Command(sql, values);
                using var rows = command.ExecuteReader();
                var taken = new List<T>();
                while (rows.Read())
                {
                    taken.Add(take(rows));
                }

                return taken;
            }
            catch (SqliteException failed)
            {
                throw StateTrouble.Of(failed, _path);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _connection.Dispose();
        }
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            _ = command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    // In a write-ahead log, a synced commit takes all commits before it to the disk as well. With a rollback journal every commit is synced.
    private void Sync(bool durable)
    {
        if (_alwaysDurable || durable == _durable)
        {
            return;
        }

        using var command = _connection.CreateCommand();
        command.CommandText = durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
        _ = command.ExecuteNonQuery();
        _durable = durable;
    }

    private void RollBack()
    {
        if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "ROLLBACK";
            _ = command.ExecuteNonQuery();
        }
    }
}
