using System.CommandLine;
using Keyferry.Cli.Amazon;
using Keyferry.Cli.Output;
using Keyferry.Notifications;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry notifications test</c>: finds out by trying which events come through.</summary>
internal static class NotificationsTestCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "test",
            "Writes throw-away keys named keyferry:{probe}:... to a server, one of each type, waits for the event of each, and removes them. Works where the flags cannot "
                + "be read, too. Exit code 0 if the events of every class that was tested came in one family, 5 if not."
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
                if (cache.Id(parsed, surroundings) is { } id)
                {
                    using var session = await cache.OpenAsync(parsed, surroundings, signals.Finish);
                    return await new CacheNotifications(surroundings, session).TestAsync(
                        id,
                        found => cache.ProbeAsync(parsed, surroundings, session, found, mustLogIn: true, signals.Finish),
                        parsed.GetValue(json),
                        signals.Finish
                    );
                }

                var connector = server.Read(parsed, surroundings);
                var result = await new NotificationTest(connector, Random.Shared, surroundings.Time).RunAsync(signals.Finish);
                if (parsed.GetValue(json))
                {
                    NotificationJson.Write(surroundings.Out, connector.Endpoint, result);
                }
                else
                {
                    Print(surroundings.Out, result);
                }

                return result is { Unproved: null, Family: not null } ? ExitCodes.Ok : ExitCodes.NotProved;
            }
        );
        return command;
    }

    private static void Print(TextWriter to, NotificationTestResult result)
    {
        foreach (var one in result.Classes)
        {
            var outcome = one switch
            {
                { NotTested: { } why } => $"not tested: {why}",
                { Comes: true } =>
                    $"came by {string.Join(" and by ", one.Families.Select(NotificationText.Name))} after {NotificationText.Milliseconds(one.Latency)}",
                _ => "did not come",
            };
            to.WriteLine($"  {one.Letter}  {one.What, -38}  {outcome}");
        }

        if (result.Classes.Count > 0)
        {
            to.WriteLine();
        }

        to.WriteLine(result.Words);
        if (result is { Unproved: null, Family: null })
        {
            to.WriteLine("what to do: keyferry notifications enable adds what is missing, or says why it cannot");
        }
    }
}
