using System.CommandLine;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry notifications</c>: everything about the keyspace notifications of one server.</summary>
internal static class NotificationsCommand
{
    /// <summary>Creates the command with those below it.</summary>
    public static Command Create(Surroundings surroundings) =>
        new(
            "notifications",
            "Shows, switches on, tests, watches and puts back the keyspace notifications of a server. keyferry migrate switches on what it needs by itself; "
                + "these are for looking and for preparing."
        )
        {
            NotificationsStatusCommand.Create(surroundings),
            NotificationsEnableCommand.Create(surroundings),
            NotificationsTestCommand.Create(surroundings),
            NotificationsWatchCommand.Create(surroundings),
            NotificationsRestoreCommand.Create(surroundings),
        };
}
