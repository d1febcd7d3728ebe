using System.CommandLine;
using Keyferry.Cli.Output;
using Keyferry.Notifications;
using Keyferry.State;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry notifications enable</c>: adds the letters that are missing, and remembers what stood there.</summary>
internal static class NotificationsEnableCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "enable",
            "Adds the letters that are missing for a live migration to a server's notification flags, shows what stood there before and what stands there now, "
                + "and records it, so that keyferry notifications restore can put exactly the old value back. Takes no letter away."
        );
        var server = new ServerArguments();
        var workDirectory = new WorkDirectoryOption();
        server.AddTo(command);
        workDirectory.AddTo(command);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                var connector = server.Read(parsed, surroundings);
                using var folder = WorkDirectory.Open(workDirectory.Read(parsed), surroundings.Time);
                using var store = RunStore.Open(folder, surroundings.Time);
                var test = new NotificationTest(connector, Random.Shared, surroundings.Time);
                var source = await new NotificationSwitch(connector, store, run: null, test).EnsureAsync(signals.Finish);
                Print(surroundings.Out, source);
                if (source.Now is null)
                {
                    return source.Doubt is null ? ExitCodes.Ok : ExitCodes.NotProved;
                }

                var probe = await new NotificationProbe(connector, Random.Shared, surroundings.Time).RunAsync(signals.Finish);
                surroundings.Out.WriteLine(
                    probe.Proved ? $"{probe.Words}, {NotificationText.Milliseconds(probe.Latency)} after it" : probe.Words
                );
                if (source.Changed)
                {
                    surroundings.Out.WriteLine($"recorded in {folder.Path}; keyferry notifications restore puts the old value back");
                    surroundings.Out.WriteLine(
                        "The server forgets the new value when it restarts, and other nodes have flags of their own."
                    );
                }

                return probe.Proved ? ExitCodes.Ok : ExitCodes.NotProved;
            }
        );
        return command;
    }

    private static void Print(TextWriter to, NotificationSource source)
    {
        if (source.Now is null)
        {
            to.WriteLine(source.Doubt ?? source.Words);
            return;
        }

        to.WriteLine($"before: \"{source.Before}\"");
        to.WriteLine(source.Changed ? $"now:    \"{source.Now}\"" : $"now:    \"{source.Now}\" (nothing was missing, nothing was changed)");
        to.WriteLine();
        NotificationText.Letters(to, NotificationFlags.Parse(source.Now));
        to.WriteLine();
    }
}
