using System.CommandLine;
using Keyferry.Cli.Control;
using Keyferry.Cli.Output;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry resolve</c>: a person says who owns the data after the answer of a switch was lost.</summary>
internal static class ResolveCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "resolve",
            "Says which side the clients write to, after the answer of a switch was lost. Only a person can know: look at the clients, not at Keyferry. Works while the "
                + "run waits for it, and after it has ended."
        );
        var workDirectory = new WorkDirectoryOption();
        var switched = new Option<bool>("--switched") { Description = "The clients write to the target, all of them." };
        var notSwitched = new Option<bool>("--not-switched") { Description = "The clients write to the source, all of them." };
        workDirectory.AddTo(command);
        command.Options.Add(switched);
        command.Options.Add(notSwitched);
        command.SetAction(
            (parsed, stop) =>
            {
                if (parsed.GetValue(switched) == parsed.GetValue(notSwitched))
                {
                    throw new KeyferryException(
                        FailureKind.Usage,
                        "Nobody but you can say which side the clients write to.",
                        "Give --switched or --not-switched."
                    );
                }

                return ResolveAsync(workDirectory.Read(parsed), parsed.GetValue(switched), surroundings, stop);
            }
        );
        return command;
    }

    private static Task<int> ResolveAsync(string folder, bool switched, Surroundings surroundings, CancellationToken stop) =>
        ControlClient.IsRunning(folder)
            ? ControlCommands.AskAsync(folder, new ControlRequest("resolve", switched ? "switched" : "not-switched"), surroundings, stop)
            : Task.FromResult(ResolveEnded(folder, switched, surroundings));

    /// <summary>The run has ended, or was killed: the answer decides how it may be gone on with.</summary>
    private static int ResolveEnded(string folder, bool switched, Surroundings surroundings)
    {
        if (!WorkDirectory.HasState(folder))
        {
            throw Nothing(folder);
        }

        using var directory = WorkDirectory.Open(folder, surroundings.Time);
        using var store = RunStore.Open(directory, surroundings.Time);
        if (ResumePoint.Latest(store) is not { Phase: Phase.Switching or Phase.OwnershipUnknown } latest)
        {
            throw Nothing(folder);
        }

        const string why = "a person said so";
        var (source, target) = (latest.Start.Source, latest.Start.Target);
        if (switched && ResumePoint.WayBackOf(store, latest) is not null)
        {
            store.EnterPhase(latest.Id, Phase.Reversible, $"the clients are on the target: {why}");
            surroundings.Out.WriteLine(
                $"the clients are on {target}, and the way back can be gone on with, for the servers in the other order and with the options as before:"
            );
            surroundings.Out.WriteLine($"  keyferry migrate redis://{target} redis://{source} --resume --cutover manual");
        }
        else if (switched)
        {
            store.EnterPhase(latest.Id, Phase.Completed, $"the clients are on the target: {why}");
            store.EndRun(latest.Id, Verdict.NotProved);
            surroundings.Out.WriteLine($"run {latest.Start.Name} is over: the clients are on {target}, and there is no way back");
        }
        else
        {
            store.EnterPhase(latest.Id, Phase.Following, $"the clients are on the source: {why}");
            surroundings.Out.WriteLine($"the clients are on {source}: keyferry migrate --resume goes on with run {latest.Start.Name}");
        }

        surroundings.Out.WriteLine("keyferry restore lifts what was left changed on servers");
        return ExitCodes.Ok;
    }

    private static KeyferryException Nothing(string folder) =>
        new(
            FailureKind.Refused,
            $"No run in {Path.GetFullPath(folder)} waits for anybody to say which side the clients write to.",
            "Name the work directory of the run with --work-dir DIR."
        );
}
