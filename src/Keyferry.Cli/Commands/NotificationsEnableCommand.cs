using System.CommandLine;
using Keyferry.Cli.Amazon;
using Keyferry.Cli.Output;
using Keyferry.Notifications;
using Keyferry.Servers;
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
        var (server, workDirectory, options) = (new ServerArguments(), new WorkDirectoryOption(), new EnableOptions());
        var cache = new CacheArguments(server);
        server.AddTo(command);
        cache.AddTo(command);
        workDirectory.AddTo(command);
        options.AddTo(command);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                if (cache.IdOrHosts(parsed, surroundings) is { } id)
                {
                    using var session = await cache.OpenAsync(parsed, surroundings, signals.Finish);
                    return await new CacheNotifications(surroundings, session).EnableAsync(
                        id,
                        options.RoomyBuffers(parsed),
                        options.Apply(parsed),
                        workDirectory.Read(parsed),
                        found => cache.ProbeAsync(parsed, surroundings, session, found, mustLogIn: false, signals.Finish),
                        signals.Finish
                    );
                }

                options.RefuseForServer(parsed);
                return await RunAsync(server.Read(parsed, surroundings), workDirectory.Read(parsed), surroundings, signals.Finish);
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(
        ServerConnector connector,
        string workDirectory,
        Surroundings surroundings,
        CancellationToken stop
    )
    {
        using var folder = WorkDirectory.Open(workDirectory, surroundings.Time);
        using var store = RunStore.Open(folder, surroundings.Time);
        var test = new NotificationTest(connector, Random.Shared, surroundings.Time);
        var source = await new NotificationSwitch(connector, store, run: null, test).EnsureAsync(stop);
        Print(surroundings.Out, source);
        if (source.Now is null)
        {
            return source.Doubt is null ? ExitCodes.Ok : ExitCodes.NotProved;
        }

        var probe = await new NotificationProbe(connector, Random.Shared, surroundings.Time).RunAsync(stop);
        surroundings.Out.WriteLine(probe.Proved ? $"{probe.Words}, {NotificationText.Milliseconds(probe.Latency)} after it" : probe.Words);
        if (source.Changed)
        {
            surroundings.Out.WriteLine($"recorded in {folder.Path}; keyferry notifications restore puts the old value back");
            surroundings.Out.WriteLine("The server forgets the new value when it restarts, and other nodes have flags of their own.");
        }

        return probe.Proved ? ExitCodes.Ok : ExitCodes.NotProved;
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
