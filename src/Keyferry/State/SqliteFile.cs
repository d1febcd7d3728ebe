using Microsoft.Data.Sqlite;

namespace Keyferry.State;

/// <summary>One open SQLite file: statements in, rows out, failures told in an operator's words.</summary>
/// <remarks>Thread-safe: one statement at a time.</remarks>
internal sealed class SqliteFile : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SqliteConnection _connection;
    private readonly string _path;
    private bool _durable;

    private SqliteFile(SqliteConnection connection, string path)
    {
        _connection = connection;
        _path = path;
    }

    /// <summary>Opens the database of <paramref name="directory"/> with a write-ahead log.</summary>
    /// <exception cref="Model.KeyferryException">It cannot be opened or written.</exception>
    public static SqliteFile Open(WorkDirectory directory)
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
            command.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
            _ = command.ExecuteNonQuery();
            return new SqliteFile(connection, directory.DatabaseFile);
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

    // In a write-ahead log, a synced commit takes all commits before it to the disk as well.
    private void Sync(bool durable)
    {
        if (durable == _durable)
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
