using System.CommandLine;
using Keyferry.Cli.Control;
using Keyferry.Cli.Output;
using Keyferry.Cli.Report;
using Keyferry.Control;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry migrate</c>: moves, follows, proves.</summary>
internal static class MigrateCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "migrate",
            "Copies every key from SOURCE to TARGET while applications keep writing, follows the changes until it is asked to end (Ctrl-C, SIGTERM, "
                + "--until-idle), then compares both sides and says whether they are equal. A second Ctrl-C ends it at once."
        );
        var (what, how) = (new MigrateOptions(), new OutputOptions());
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Examine both servers, write to neither, and print what a run would do.",
        };
        var hooks = new HooksOption();
        what.AddTo(command);
        hooks.AddTo(command);
        command.Options.Add(dryRun);
        how.AddTo(command);
        command.SetAction(
            (parsed, _) =>
                how.TellFailuresAsync(
                    parsed,
                    surroundings,
                    () =>
                    {
                        var options = what.Read(parsed, surroundings);
                        var view = how.ViewOf(parsed, surroundings);
                        return parsed.GetValue(dryRun)
                            ? PlanAsync(
                                options,
                                hooks.Read(parsed),
                                plan => what.Notes(parsed, surroundings, options, plan),
                                view,
                                surroundings
                            )
                            : RunAsync(options, view, hooks.Read(parsed), how.ShowKeys(parsed), surroundings);
                    }
                )
        );
        return command;
    }

    /// <summary>Creates <c>keyferry plan</c>: what a run with the same options would do.</summary>
    public static Command CreatePlan(Surroundings surroundings)
    {
        var command = new Command(
            "plan",
            "Examines both servers, writes to neither, and prints what keyferry migrate with the same options would do: every step, and what takes it back."
        );
        var (what, how) = (new MigrateOptions(), new OutputOptions());
        var hooks = new HooksOption();
        what.AddTo(command);
        hooks.AddTo(command);
        how.AddTo(command);
        command.SetAction(
            (parsed, _) =>
                how.TellFailuresAsync(
                    parsed,
                    surroundings,
                    () =>
                    {
                        var options = what.Read(parsed, surroundings);
                        return PlanAsync(
                            options,
                            hooks.Read(parsed),
                            plan => what.Notes(parsed, surroundings, options, plan),
                            how.ViewOf(parsed, surroundings),
                            surroundings
                        );
                    }
                )
        );
        return command;
    }

    private static async Task<int> PlanAsync(
        MigrationOptions options,
        string? hooksFolder,
        Func<MigrationPlan, IReadOnlyList<string>> notes,
        IRunView view,
        Surroundings surroundings
    )
    {
        using var signals = surroundings.Signals();
        var display = new RunDisplay(view, new ProgressRates(options), surroundings.Time);
        var plan = await surroundings.Migration(options, display, surroundings.Time).PlanAsync(signals.Finish);
        var hooks = hooksFolder is null ? null : EventHooks.ProgramsIn(hooksFolder).Select(static program => Path.GetFileName(program));
        view.Show(plan with { Hooks = hooks is null ? null : [.. hooks], Warnings = [.. plan.Warnings, .. notes(plan)] });
        return plan.Refusals.Count == 0 ? ExitCodes.Ok : ExitCodes.Of(plan.Refusals[0].Kind);
    }

    private static async Task<int> RunAsync(
        MigrationOptions options,
        IRunView view,
        string? hooksFolder,
        bool showKeys,
        Surroundings surroundings
    )
    {
        using var signals = surroundings.Signals();
        var display = new RunDisplay(view, new ProgressRates(options), surroundings.Time);
        var hooks = hooksFolder is null
            ? null
            : new EventHooks(hooksFolder, new ProgramHooks(surroundings.Time), options, display.Warn, surroundings.Time);
        var migration = surroundings.Migration(options, hooks is null ? display : new BothObservers(display, hooks), surroundings.Time);
        using var tellFinish = signals.Finish.Register(() => display.Tell(HowItEnds(options, migration)));
        using var tellAbort = signals.Abort.Register(() =>
            display.Tell("ending at once as asked: putting back what was changed on the source")
        );
        migration.Desk = new RunDesk(options, () => migration.Progress, migration.Control, signals, surroundings.Time);
        var run = migration.RunAsync(signals.Finish, signals.Abort);
        var told = hooks?.RunAsync(run) ?? Task.CompletedTask;
        await display.ShowUntilEndedAsync(Task.WhenAll(run, told), () => migration.Progress);
        var report = await run;
        var file = ReportMapping.Of(report, display.History, showKeys, surroundings.Time.GetUtcNow());
        view.Show(report with { Page = WriteReport(options.WorkDirectory, file, surroundings) });
        return ExitCodes.Of(report.Verdict);
    }

    private static string HowItEnds(MigrationOptions options, IMigration migration) =>
        migration switch
        {
            { Control: { Back.Stage: CutoverStage.Switched } or { Stage: CutoverStage.Switched, Back: null } } =>
                "ending as asked: the side that the clients have left is watched no longer",
            { Control.Back: not null } => "ending as asked: closing the way back; one more Ctrl-C ends at once",
            { Progress: { CopyDone: false, Phase: <= Phase.Copying } } when options.Mode != MigrationMode.LiveOnly =>
                "ending as asked: the copy is not complete, so that nothing is compared; --resume goes on with it later",
            _ => "ending as asked: draining, then comparing; one more Ctrl-C ends at once",
        };

    /// <summary>What the run has found stands whether its report can be written or not.</summary>
    private static string WriteReport(string workDirectory, JsonReportFile file, Surroundings surroundings)
    {
        try
        {
            return surroundings.WriteReport(workDirectory, file);
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            return $"could not be written: {denied.Message}";
        }
    }

    private sealed class BothObservers(IRunObserver first, IRunObserver second) : IRunObserver
    {
        public void On(RunEvent happened)
        {
            first.On(happened);
            second.On(happened);
        }
    }
}
