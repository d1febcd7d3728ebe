using System.CommandLine;
using System.CommandLine.Help;
using Keyferry.Cli.Amazon;
using Keyferry.Cli.Commands;
using Keyferry.Cli.Output;

namespace Keyferry.Cli;

/// <summary>The command line as a whole: which commands there are, and how each way to end becomes an exit code.</summary>
internal static class App
{
    /// <summary>How wide help is written, the same on every machine.</summary>
    private const int HelpWidth = 110;

    private static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "Say more: technical causes of failures, with stack traces.",
        Recursive = true,
    };

    /// <summary>Runs one invocation and returns its exit code (<see cref="ExitCodes"/>).</summary>
    public static async Task<int> RunAsync(string[] args, Surroundings surroundings)
    {
        // A word that begins with @ stays a word: passwords and names may begin so.
        var parsed = Root(surroundings).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (!UsagePrinter.IsSound(parsed))
        {
            return UsagePrinter.Print(parsed, surroundings);
        }

        try
        {
            var how = new InvocationConfiguration
            {
                Output = surroundings.Out,
                Error = surroundings.Error,
                EnableDefaultExceptionHandler = false,
                // Signals are ours: the first one ends a run with a verdict, it does not cancel it.
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(how);
        }
        catch (Exception failure)
        {
            return FailurePrinter.Print(failure, surroundings, parsed.GetValue(Verbose));
        }
    }

    /// <summary>The root command with everything below it.</summary>
    /// <remarks>Not a <c>RootCommand</c>: that one takes its name from the file that runs, which is not <c>keyferry</c> everywhere.</remarks>
    public static Command Root(Surroundings surroundings)
    {
        var root = new Command(
            "keyferry",
            "Moves a live Redis-compatible database to another one, and proves that nothing was left behind."
        )
        {
            new HelpOption { Action = new HelpAction { MaxWidth = HelpWidth } },
            new VersionOption(),
            Verbose,
        };
        foreach (var command in Commands(surroundings))
        {
            root.Subcommands.Add(command);
        }

        return root;
    }

    private static IEnumerable<Command> Commands(Surroundings surroundings) =>
        [
            MigrateCommand.Create(surroundings),
            MigrateCommand.CreatePlan(surroundings),
            StatusCommand.Create(surroundings),
            .. ControlCommands.Create(surroundings),
            PaceCommand.Create(surroundings),
            ResolveCommand.Create(surroundings),
            VerifyCommand.Create(surroundings),
            DoctorCommand.Create(surroundings),
            NotificationsCommand.Create(surroundings),
            RestoreCommand.Create(surroundings),
            ElastiCacheCommand.Create(surroundings),
            StackCommand.Create(surroundings),
        ];
}
