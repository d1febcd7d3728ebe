using Keyferry.Model;

namespace Keyferry.State;

/// <summary>The folder that holds the state of runs, held by one process at a time.</summary>
/// <remarks>
/// <para><b>Promises.</b> While it is open, no other process can open it, and whoever tries is told who holds it. The operating system gives it free when the process
/// ends in whatever way. What Keyferry creates in it is readable by its owner only.</para>
/// <para><b>Does not promise.</b> Anything on network file systems without file locks.</para>
/// </remarks>
internal sealed class WorkDirectory : IDisposable
{
    /// <summary>Where state goes when nothing else is said.</summary>
    public const string DefaultPath = ".keyferry";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly FileStream _lock;

    private WorkDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>The folder, as an absolute path.</summary>
    public string Path { get; }

    /// <summary>The file of the run store.</summary>
    public string DatabaseFile => System.IO.Path.Combine(Path, "keyferry.db");

    /// <summary>Whether it lies on a file system of another machine, such as NFS.</summary>
    public bool IsOnNetwork => new DriveInfo(Path).DriveType == DriveType.Network;

    /// <summary>Creates the folder where it is missing, and takes hold of it.</summary>
    /// <param name="path">The folder; relative to the current one.</param>
    /// <param name="time">Says since when it is held.</param>
    /// <exception cref="KeyferryException">Another process holds it, or it cannot be written.</exception>
    public static WorkDirectory Open(string path, TimeProvider time)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            CreateFolder(full);
            var held = Hold(full);
            var owner = $"pid {Environment.ProcessId} on {Environment.MachineName} since {time.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC\n";
            using (var file = Create(OwnerFile(full), FileMode.Create, FileShare.ReadWrite))
            {
                file.Write(System.Text.Encoding.UTF8.GetBytes(owner));
            }

            return new WorkDirectory(full, held);
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The work directory {full} cannot be used: {denied.Message}",
                "Give this user write access and free space there, or name another folder with --work-dir DIR.",
                denied
            );
        }
    }

    /// <summary>Whether <paramref name="path"/> holds the state of earlier runs; nothing is created.</summary>
    public static bool HasState(string path) => File.Exists(System.IO.Path.Combine(System.IO.Path.GetFullPath(path), "keyferry.db"));

    /// <summary>Creates the database file with the owner's rights, so that SQLite and the files it adds take them over.</summary>
    internal void CreateDatabaseFile() => Create(DatabaseFile, FileMode.OpenOrCreate, FileShare.ReadWrite).Dispose();

    /// <summary>Lets go of the folder. Idempotent.</summary>
    public void Dispose() => _lock.Dispose();

    private static string OwnerFile(string folder) => System.IO.Path.Combine(folder, "owner");

    private static void CreateFolder(string full)
    {
        if (Directory.Exists(full))
        {
            return;
        }

        _ = OperatingSystem.IsWindows() ? Directory.CreateDirectory(full) : Directory.CreateDirectory(full, OwnerOnly);
        // State belongs to one machine and one moment, not into anybody's repository.
        File.WriteAllText(System.IO.Path.Combine(full, ".gitignore"), "*\n");
    }

    private static FileStream Hold(string full)
    {
        var file = System.IO.Path.Combine(full, "lock");
        try
        {
            return Create(file, FileMode.OpenOrCreate, FileShare.None);
        }
        catch (IOException held) when (File.Exists(file) && held is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The work directory {full} is in use by another Keyferry process ({OwnerOf(full)}).",
                "Wait until it has ended, or name another folder with --work-dir DIR.",
                held
            );
        }
    }

    private static string OwnerOf(string full)
    {
        try
        {
            var text = File.ReadAllText(OwnerFile(full)).Trim();
            return text.Length > 0 ? text : "it is just starting";
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return $"who it is cannot be read: {unreadable.Message}";
        }
    }

    private static FileStream Create(string file, FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions
        {
            Mode = mode,
            Access = FileAccess.ReadWrite,
            Share = share,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(file, options);
    }
}
