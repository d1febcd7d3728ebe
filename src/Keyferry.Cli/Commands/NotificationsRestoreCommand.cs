using System.CommandLine;
using Keyferry.Cli.Amazon;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry notifications restore</c>: puts back the flags of one server.</summary>
internal static class NotificationsRestoreCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "restore",
            "Puts a server's notification flags back to what they were before keyferry notifications enable, or before a run that was killed. "
                + "Flags that somebody has changed since stay as they are, and are told."
        );
        var server = new ServerArguments();
        var cache = new CacheArguments(server);
        var workDirectory = new WorkDirectoryOption();
        server.AddTo(command);
        cache.AddTo(command);
        workDirectory.AddTo(command);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                if (cache.IdOrHosts(parsed, surroundings) is { } id)
                {
                    using var session = await cache.OpenAsync(parsed, surroundings, signals.Finish);
                    return await new CacheNotifications(surroundings, session).RestoreAsync(id, workDirectory.Read(parsed), signals.Finish);
                }

                var connector = server.Read(parsed, surroundings);
                return await LeaseUndoing.RunAsync(
                    workDirectory.Read(parsed),
                    lease => lease.IsOn(connector.Endpoint),
                    _ => connector,
                    surroundings,
                    signals.Finish
                );
            }
        );
        return command;
    }
}
