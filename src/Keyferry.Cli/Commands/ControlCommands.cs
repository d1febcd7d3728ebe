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
        (
            "cutover",
            "Hands the clients over to the target, as soon as every key is proved equal, and says how it goes. Ends with 0 when they are switched, with 4 when "
                + "everything was undone, with 8 when nobody knows. The run must have been started with --cutover."
        ),
        (
            "rollback",
            "Brings the clients back to the source while the reverse window is open, in the same steps as the cutover, and with the same exit codes."
        ),
        ("hold", "Takes a cutover back that has not come to the switch, and lets the run begin none by itself until keyferry cutover."),
        (
            "finish",
            "Ends a running migration as Ctrl-C does: it drains, compares both sides, reports, and puts back what it has changed. Closes the reverse window."
        ),
        ("abort", "Ends a running migration at once, as a second Ctrl-C does: nothing is compared, what it has changed is put back."),
    ];

    /// <summary>Creates the commands.</summary>
    public static IEnumerable<Command> Create(Surroundings surroundings) =>
        Verbs.Select(verb => Create(verb.Verb, verb.Does, surroundings)).Append(Answer(surroundings));

    /// <summary>Asks, and writes down what is answered.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> AskAsync(string folder, ControlRequest request, Surroundings surroundings, CancellationToken stop)
    {
        var code = ExitCodes.Ok;
        await foreach (var reply in ControlClient.AskAsync(folder, request, stop))
        {
            foreach (var line in reply.Text)
            {
                surroundings.Out.WriteLine(line);
            }

            surroundings.Out.Flush();
            code = reply.ExitCode;
        }

        return code;
    }

    private static Command Create(string verb, string does, Surroundings surroundings)
    {
        var command = new Command(verb, does);
        var workDirectory = new WorkDirectoryOption();
        workDirectory.AddTo(command);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                return await AskAsync(workDirectory.Read(parsed), new ControlRequest(verb), surroundings, signals.Finish);
            }
        );
        return command;
    }

    private static Command Answer(Surroundings surroundings)
    {
        var command = new Command(
            "answer",
            "Answers what a running migration asks a person in a cutover; keyferry status shows the question."
        );
        var answer = new Argument<string>("ANSWER") { Description = "yes or no" };
        answer.AcceptOnlyFromAmong("yes", "no");
        var workDirectory = new WorkDirectoryOption();
        command.Arguments.Add(answer);
        workDirectory.AddTo(command);
        command.SetAction(
            (parsed, stop) =>
                AskAsync(workDirectory.Read(parsed), new ControlRequest("answer", parsed.GetValue(answer)), surroundings, stop)
        );
        return command;
    }
}
