using Keyferry.Model;
using Microsoft.Data.Sqlite;

namespace Keyferry.State;

/// <summary>Turns what SQLite said into what it means and what to do.</summary>
internal static class StateTrouble
{
    private const int Busy = 5;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    /// <summary>The failure for an operator.</summary>
    public static KeyferryException Of(SqliteException failed, string file)
    {
        var (saw, remedy) = failed.SqliteErrorCode switch
        {
            Full => ("the disk is full", "Free some space there; what was recorded so far is kept."),
            ReadOnly or CannotOpen => (
                "it cannot be written",
                "Give this user write access to the folder and its files, or name another folder with --work-dir DIR."
            ),
            InputOutput => ("the disk does not take it", "Check the disk and the space on it, or name another folder with --work-dir DIR."),
            Corrupt or NotADatabase => (
                "it is damaged",
                "Keep a copy of the folder: it names what was changed on servers. Then name another one with --work-dir DIR."
            ),
            Busy => ("another program has it open", "Close whatever reads the file, then try again."),
            _ => ("SQLite failed", "Name another folder with --work-dir DIR."),
        };
        var kind = failed.SqliteErrorCode is ReadOnly or CannotOpen or Busy or Corrupt or NotADatabase
            ? FailureKind.Refused
            : FailureKind.Failed;
        return new KeyferryException(kind, $"The run's state in {file} cannot be kept: {saw} ({failed.Message}).", remedy, failed);
    }

    /// <summary>The file cannot even be created.</summary>
    public static KeyferryException NotWritable(Exception failed, string file) =>
        new(
            FailureKind.Refused,
            $"The run's state in {file} cannot be written: {failed.Message}",
            "Give this user write access and free space there, or name another folder with --work-dir DIR.",
            failed
        );

    /// <summary>The file was written by a newer program.</summary>
    public static KeyferryException Newer(long version, string file) =>
        new(
            FailureKind.Refused,
            $"The run's state in {file} has layout {version}, and this Keyferry knows layouts up to {RunSchema.Version}: a newer Keyferry wrote it.",
            "Use that Keyferry, or name another folder with --work-dir DIR."
        );
}
