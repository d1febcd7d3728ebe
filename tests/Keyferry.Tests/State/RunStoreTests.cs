using Keyferry.Model;
using Keyferry.State;
using Microsoft.Data.Sqlite;

namespace Keyferry.Tests.State;

public sealed class RunStoreTests : RunStoreContract, IDisposable
{
    private readonly string _folder = System.IO.Directory.CreateTempSubdirectory("keyferry-state-").FullName;
    private WorkDirectory? _held;

    private string Folder => Path.Combine(_folder, "work");

    public void Dispose()
    {
        _held?.Dispose();
        System.IO.Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_store_of_a_newer_program_is_refused_and_left_alone()
    {
        using (var store = Create())
        {
            _ = store.BeginRun(Run("one"));
        }

        Sql("UPDATE schema_version SET version = 99");
        var refused = Assert.Throws<KeyferryException>(() => RunStore.Open(Held(), Time));
        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("99", refused.Saw, StringComparison.Ordinal);
        Sql("UPDATE schema_version SET version = 1");
        using var again = RunStore.Open(Held(), Time);
        Assert.Equal("one", Assert.Single(again.Runs()).Start.Name);
    }

    [Fact]
    public void A_store_on_a_file_system_of_another_machine_needs_no_shared_memory()
    {
        using (var store = Create())
        {
            _ = store.BeginRun(Run("one"));
        }

        Assert.False(Held().IsOnNetwork);
        using var file = SqliteFile.Open(Held(), onNetwork: true);
        Assert.Equal("delete", Assert.Single(file.Query("PRAGMA journal_mode", static row => row.GetString(0))));
        Assert.Equal(2, Assert.Single(file.Query("PRAGMA synchronous", static row => row.GetInt64(0))));
        _ = file.Execute(false, "UPDATE run SET name = 'two'");
        Assert.Equal(2, Assert.Single(file.Query("PRAGMA synchronous", static row => row.GetInt64(0))));
        Assert.Equal("two", Assert.Single(file.Query("SELECT name FROM run", static row => row.GetString(0))));
        Assert.False(File.Exists(Held().DatabaseFile + "-shm"));
    }

    [Fact]
    public void A_damaged_file_is_refused_with_a_remedy()
    {
        var held = Held();
        File.WriteAllText(held.DatabaseFile, string.Concat(Enumerable.Repeat("this is no database ", 200)));
        var refused = Assert.Throws<KeyferryException>(() => RunStore.Open(held, Time));
        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("damaged", refused.Saw, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_is_told_as_such_and_what_was_recorded_stays()
    {
        using var store = (RunStore)Create();
        var run = store.BeginRun(Run("one"));
        store.LimitPages(0);
        var full = Assert.Throws<KeyferryException>(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                store.EnterPhase(run, Phase.Arming, new string('x', 1000));
            }
        });
        Assert.Equal(FailureKind.Failed, full.Kind);
        Assert.Contains("disk is full", full.Saw, StringComparison.Ordinal);
        store.LimitPages(1_000_000);
        store.EndRun(run, Verdict.Aborted);
        Assert.Equal(Verdict.Aborted, Assert.Single(store.Runs()).Verdict);
    }

    [Fact]
    public void Two_stores_of_one_folder_cannot_be_open_at_once()
    {
        using var store = Create();
        var refused = Assert.Throws<KeyferryException>(() => WorkDirectory.Open(Folder, Time));
        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains($"pid {Environment.ProcessId} ", refused.Saw, StringComparison.Ordinal);
        Assert.Contains(Folder, refused.Saw, StringComparison.Ordinal);
    }

    [Fact]
    public void The_folder_and_its_files_are_their_owners_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var store = Create();
        _ = store.BeginRun(Run("one"));
        const UnixFileMode Others =
            UnixFileMode.GroupRead
            | UnixFileMode.GroupWrite
            | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead
            | UnixFileMode.OtherWrite
            | UnixFileMode.OtherExecute;
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Folder) & Others);
        foreach (var file in System.IO.Directory.GetFiles(Folder).Where(file => !file.EndsWith(".gitignore", StringComparison.Ordinal)))
        {
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & Others);
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_refused_with_a_remedy()
    {
        File.WriteAllText(Folder, "a file in the way");
        var refused = Assert.Throws<KeyferryException>(() => WorkDirectory.Open(Folder, Time));
        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("--work-dir", refused.Remedy, StringComparison.Ordinal);
    }

    private protected override IRunStore Create() => RunStore.Open(Held(), Time);

    private protected override IRunStore Reopen(IRunStore store)
    {
        store.Dispose();
        _held?.Dispose();
        _held = null;
        return RunStore.Open(Held(), Time);
    }

    private WorkDirectory Held() => _held ??= WorkDirectory.Open(Folder, Time);

    private void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(Folder, "keyferry.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
