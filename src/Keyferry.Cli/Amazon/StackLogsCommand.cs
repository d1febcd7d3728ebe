using System.CommandLine;
using System.Text.Json.Nodes;
using Keyferry.Aws.Calls;
using Keyferry.Aws.Stacks;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;

namespace Keyferry.Cli.Amazon;

/// <summary><c>keyferry aws stack logs</c>: what the task has written.</summary>
internal static class StackLogsCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "logs",
            "Prints what the task has written in the last while: JSON lines, the oldest first. Changes nothing."
        );
        var (stack, aws) = (StackArguments.StackOption(), new AwsArguments());
        var since = TypedOption.Duration("--since", "How far back. Default: 1h.", TimeSpan.FromSeconds(1), TimeSpan.FromDays(90));
        command.Options.Add(stack);
        aws.AddTo(command);
        command.Options.Add(since);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                using var session = await aws.OpenAsync(parsed, surroundings, signals.Finish);
                var name = StackArguments.NameOf(parsed, stack);
                var found =
                    await new CloudFormationClient(session.Caller).FindAsync(name, signals.Finish)
                    ?? throw StackArguments.NoStack(name, session.Region);
                if (found.Outputs.GetValueOrDefault("LogGroup") is not { } group)
                {
                    surroundings.Out.WriteLine($"{name} is {found.Status} and has no log group yet");
                    return ExitCodes.Ok;
                }

                var from = surroundings.Time.GetUtcNow() - (parsed.GetValue(since) ?? TimeSpan.FromHours(1));
                await PrintAsync(new JsonClient(session.Caller, "logs", "Logs_20140328"), group, from, surroundings.Out, signals.Finish);
                return ExitCodes.Ok;
            }
        );
        return command;
    }

    private static async Task PrintAsync(JsonClient logs, string group, DateTimeOffset from, TextWriter to, CancellationToken stop)
    {
        for (string? next = null; ; )
        {
            var question = new JsonObject { ["logGroupName"] = group, ["startTime"] = from.ToUnixTimeMilliseconds() };
            if (next is not null)
            {
                question["nextToken"] = next;
            }

            var page = await logs.CallAsync("FilterLogEvents", question, stop);
            foreach (var one in page["events"] as JsonArray ?? [])
            {
                to.WriteLine(((string?)one?["message"])?.TrimEnd());
            }

            next = (string?)page["nextToken"];
            if (next is null)
            {
                return;
            }
        }
    }
}
