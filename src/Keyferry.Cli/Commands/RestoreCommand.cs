using System.CommandLine;
using Keyferry.Cli.Amazon;
using Keyferry.Cli.Input;
using Keyferry.State;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry restore</c>: puts back everything that runs of a work directory have changed on servers.</summary>
internal static class RestoreCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "restore",
            "Puts back what Keyferry has changed on servers and could not put back itself, because it was killed or a server was away. May be run at any time, and again. "
                + "Credentials are not recorded; give them as URIs, by option, or in the environment."
        );
        var workDirectory = new WorkDirectoryOption();
        var credentials = new LeaseCredentials();
        workDirectory.AddTo(command);
        credentials.AddTo(command);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                var endpointOf = credentials.Read(parsed, surroundings);
                var code = await LeaseUndoing.RunAsync(
                    workDirectory.Read(parsed),
                    static lease => lease.Kind is not (LeaseKind.ParameterGroup or LeaseKind.Provision),
                    lease => ServerArguments.Connect(endpointOf(lease), surroundings),
                    surroundings,
                    signals.Finish,
                    cachesFollow: true
                );
                await CacheLeases.RestoreAllAsync(workDirectory.Read(parsed), surroundings, signals.Finish);
                return code;
            }
        );
        return command;
    }
}
