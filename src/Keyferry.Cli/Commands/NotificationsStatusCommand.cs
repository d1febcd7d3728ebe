using System.CommandLine;
using Keyferry.Cli.Amazon;
using Keyferry.Cli.Output;
using Keyferry.Model;
using Keyferry.Notifications;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry notifications status</c>: what stands there, and whether it suffices. Changes nothing.</summary>
internal static class NotificationsStatusCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "status",
            "Shows the notification flags of a server letter by letter, and what is missing for a live migration. Changes nothing. "
                + "Exit code 0 if they suffice, 5 if not or if they cannot be read."
        );
        var server = new ServerArguments();
        var cache = new CacheArguments(server);
        var json = new Option<bool>("--json") { Description = "Write one JSON object to standard output." };
        server.AddTo(command);
        cache.AddTo(command);
        command.Options.Add(json);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                if (cache.IdOrHosts(parsed, surroundings) is { } id)
                {
                    using var session = await cache.OpenAsync(parsed, surroundings, signals.Finish);
                    return await new CacheNotifications(surroundings, session).StatusAsync(id, parsed.GetValue(json), signals.Finish);
                }

                var connector = server.Read(parsed, surroundings);
                var reading = await new NotificationSwitch(connector, new State.MemoryRunStore(surroundings.Time), run: null).ReadAsync(
                    signals.Finish
                );
                if (parsed.GetValue(json))
                {
                    NotificationJson.Write(surroundings.Out, connector.Endpoint, reading);
                }
                else
                {
                    Print(surroundings.Out, connector.Endpoint, reading);
                }

                return reading is FlagReading.Known known && known.Flags.Covers(NotificationFlags.Needed(known.Flags.Family))
                    ? ExitCodes.Ok
                    : ExitCodes.NotProved;
            }
        );
        return command;
    }

    private static void Print(TextWriter to, Endpoint endpoint, FlagReading reading)
    {
        if (reading is FlagReading.Unreadable unreadable)
        {
            to.WriteLine($"{endpoint}: {FlagTrouble.Parameter} cannot be read: {FlagTrouble.Words(unreadable.Cause)}");
            to.WriteLine($"the server said: {unreadable.Said.TrimEnd()}");
            to.WriteLine($"what to do: {FlagTrouble.Remedy(unreadable.Cause, NotificationFlags.Needed(ChannelFamily.Event))}");
            to.WriteLine("keyferry notifications test finds out by trying whether events come through.");
            return;
        }

        if (reading is not FlagReading.Known known)
        {
            return;
        }

        to.WriteLine($"{endpoint}: {FlagTrouble.Parameter} = \"{known.Text}\"");
        to.WriteLine();
        NotificationText.Letters(to, known.Flags);
        to.WriteLine();
        var missing = NotificationFlags.Needed(known.Flags.Family).Without(known.Flags);
        if (missing.IsEmpty)
        {
            to.WriteLine($"A live migration needs no more than that; it would listen by {NotificationText.Name(known.Flags.Family)}.");
            return;
        }

        to.WriteLine($"Missing for a live migration: {missing}");
        if (!known.Flags.SendsAnything)
        {
            to.WriteLine("As it stands, the server sends nothing at all.");
        }

        to.WriteLine(
            "keyferry migrate adds what is missing and puts the old value back at its end; keyferry notifications enable adds it now."
        );
    }
}
