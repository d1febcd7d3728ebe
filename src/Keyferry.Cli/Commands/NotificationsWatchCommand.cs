using System.CommandLine;
using Keyferry.Cli.Output;
using Keyferry.Notifications;
using Keyferry.Servers;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry notifications watch</c>: prints events as they come. Keys print, because that is what was asked for.</summary>
internal static class NotificationsWatchCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "watch",
            "Prints the events of a server as they come, one a line: time (UTC), database, event, key; until Ctrl-C. A database in the URI restricts it to that one. "
                + "Changes nothing. Bytes of keys that are not printable ASCII are shown as \\xNN."
        );
        var server = new ServerArguments();
        server.AddTo(command);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                var connector = server.Read(parsed, surroundings);
                try
                {
                    await WatchAsync(connector, surroundings, signals.Finish);
                }
                catch (OperationCanceledException) when (signals.Finish.IsCancellationRequested)
                {
                    return ExitCodes.Ok;
                }

                return ExitCodes.Ok;
            }
        );
        return command;
    }

    private static async Task WatchAsync(ServerConnector connector, Surroundings surroundings, CancellationToken stop)
    {
        var reading = await new NotificationSwitch(connector, new State.MemoryRunStore(surroundings.Time), run: null).ReadAsync(stop);
        if (reading is FlagReading.Known { Flags.SendsAnything: false } silent)
        {
            surroundings.Error.WriteLine(
                $"note: {FlagTrouble.Parameter} is \"{silent.Text}\", with which the server sends nothing; keyferry notifications enable changes that"
            );
        }

        ChannelFamily? family = reading is FlagReading.Known { Flags.SendsAnything: true } known ? known.Flags.Family : null;
        await foreach (var heard in new NotificationWatch(connector, surroundings.Time).WatchAsync(family, stop))
        {
            if (connector.Endpoint.Database is not { } only || only == heard.Database)
            {
                surroundings.Out.WriteLine($"{heard.At:HH:mm:ss.fff}  db{heard.Database}  {heard.What, -12}  {heard.Key.Shown()}");
            }
        }
    }
}
