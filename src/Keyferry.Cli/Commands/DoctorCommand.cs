using System.CommandLine;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;
using Keyferry.Doctor;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry doctor</c>: what stands in the way of a migration, before it begins.</summary>
internal static class DoctorCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "doctor",
            "Examines SOURCE, or SOURCE and TARGET: the way there, rights, notifications, versions, memory, clocks, clients. Says GO, GO WITH WARNINGS or "
                + "NO-GO, and what to do about each finding. Changes nothing. Exit code 0, or 4 for NO-GO (3 where a server cannot be reached)."
        );
        var (source, target) = (EndpointArguments.Source(), EndpointArguments.Target());
        var json = new Option<bool>("--json") { Description = "Write one JSON object to standard output." };
        source.AddTo(command);
        target.AddTo(command);
        command.Options.Add(json);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                var from = source.Read(parsed, surroundings);
                var to = target.IsGiven(parsed, surroundings) ? target.Read(parsed, surroundings) : null;
                var diagnosis = await ExaminationOf(from, to, surroundings).RunAsync(signals.Finish);
                if (parsed.GetValue(json))
                {
                    DoctorJson.Write(surroundings.Out, diagnosis);
                }
                else
                {
                    surroundings.Out.Write(DoctorText.Of(diagnosis));
                }

                return ExitCodeOf(diagnosis);
            }
        );
        return command;
    }

    private static Examination ExaminationOf(Endpoint from, Endpoint? to, Surroundings surroundings) =>
        new(
            ServerArguments.Connect(from, surroundings, "source"),
            to is null ? null : ServerArguments.Connect(to, surroundings, "target"),
            to is null ? null : stop => PlanAsync(from, to, surroundings, stop),
            surroundings.Time
        );

    /// <summary>What a run of these two would say before it starts.</summary>
    private static async Task<IReadOnlyList<Finding>> PlanAsync(
        Endpoint from,
        Endpoint to,
        Surroundings surroundings,
        CancellationToken stop
    )
    {
        try
        {
            var options = new MigrationOptions { Source = from, Target = to };
            var plan = await surroundings.Migration(options, new SilentObserver(), surroundings.Time).PlanAsync(stop);
            var moved =
                $"{Quantity.Of(plan.Keys, "key")} in {Quantity.Of(plan.Databases.Count, "database")} would be moved; {plan.Clocks}.";
            return
            [
                new("plan", FindingLevel.Good, FindingSide.Both, moved),
                .. plan.Refusals.Select(Refused),
                .. plan.Warnings.Select(static warning => new Finding("start-warning", FindingLevel.Warning, FindingSide.Both, warning)),
            ];
        }
        catch (KeyferryException failure)
        {
            return [Refused(failure)];
        }
    }

    private static Finding Refused(KeyferryException refusal) =>
        new("start-refused", FindingLevel.Blocker, FindingSide.Both, refusal.Saw)
        {
            Means = "keyferry migrate would not start.",
            Remedy = refusal.Remedy,
        };

    private static int ExitCodeOf(Diagnosis diagnosis) =>
        diagnosis.Worst < FindingLevel.Blocker ? ExitCodes.Ok
        : diagnosis.Findings.Any(static finding => finding is { Code: "reach", Level: FindingLevel.Blocker }) ? ExitCodes.Unreachable
        : ExitCodes.Refused;

    private sealed class SilentObserver : Observe.IRunObserver
    {
        public void On(Observe.RunEvent happened)
        {
            // A plan raises no events.
        }
    }
}
