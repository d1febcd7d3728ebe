using System.CommandLine;
using Keyferry.Cli.Control;
using Keyferry.Cli.Output;

namespace Keyferry.Cli.Commands;

/// <summary>The commands that ask something of a migration that runs in another terminal.</summary>
internal static class ControlCommands
{
    private static readonly (string Verb, string Does)[] Verbs =
    [
        ("pause", "Stops a running migration from moving keys. Changes are still heard of, and wait within --dirty-budget."),
        ("resume", "Lets a paused migration move keys again."),
        ("finish", "Ends a running migration as Ctrl-C does: it drains, compares both sides, reports, and puts back what it has changed."),
        ("abort", "Ends a running migration at once, as a second Ctrl-C does: nothing is compared, what it has changed is put back."),
    ];

    /// <summary>Creates the commands.</summary>
    public static IEnumerable<Command> Create(Surroundings surroundings) =>
        Verbs.Select(verb => Create(verb.Verb, verb.Does, surroundings));

    private static Command Create(string verb, string does, Surroundings surroundings)
    {
        var command = new Command(verb, does);
        var workDirectory = new WorkDirectoryOption();
        workDirectory.AddTo(command);
        command.SetAction((parsed, stop) => AskAsync(workDirectory.Read(parsed), new ControlRequest(verb), surroundings, stop));
        return command;
    }

    private static async Task<int> AskAsync(string folder, ControlRequest request, Surroundings surroundings, CancellationToken stop)
    {
        var code = ExitCodes.Ok;
        await foreach (var reply in ControlClient.AskAsync(folder, request, stop))
        {
            foreach (var line in reply.Text)
            {
                surroundings.Out.WriteLine(line);
            }

            code = reply.ExitCode;
        }

        return code;
    }
}
