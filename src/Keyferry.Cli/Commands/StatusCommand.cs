using System.CommandLine;
using Keyferry.Cli.Control;
using Keyferry.Cli.Output;
using Keyferry.Model;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry status</c>: where a migration is that runs in another terminal.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command("status", "Says where a running migration is.");
        var workDirectory = new WorkDirectoryOption();
        var watch = new Option<bool>("--watch") { Description = "Say it every second, until the run ends." };
        var json = new Option<bool>("--json") { Description = "Write JSON objects to standard output, one a line, and nothing else." };
        workDirectory.AddTo(command);
        command.Options.Add(watch);
        command.Options.Add(json);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                var show = ShowAs(parsed.GetValue(json), parsed.GetValue(watch), surroundings);
                await ShowAsync(workDirectory.Read(parsed), show, signals.Finish);
                if (parsed.GetValue(watch))
                {
                    await WatchAsync(workDirectory.Read(parsed), show, surroundings.Time, signals.Finish);
                }

                return ExitCodes.Ok;
            }
        );
        return command;
    }

    private static Action<ControlReply> ShowAs(bool json, bool watch, Surroundings surroundings)
    {
        if (json)
        {
            return reply =>
            {
                surroundings.Out.WriteLine(reply.Status?.GetRawText());
                surroundings.Out.Flush();
            };
        }

        if (watch && surroundings.Terminal is { } terminal)
        {
            var block = new LiveBlock(surroundings.Out, terminal);
            return reply => block.Draw([], reply.Text);
        }

        return reply =>
        {
            foreach (var line in reply.Text)
            {
                surroundings.Out.WriteLine(line);
            }
        };
    }

    private static async Task ShowAsync(string folder, Action<ControlReply> show, CancellationToken stop)
    {
        await foreach (var reply in ControlClient.AskAsync(folder, new ControlRequest("status"), stop))
        {
            show(reply);
        }
    }

    /// <summary>Until the run is gone, which is how a watch is meant to end, or the watcher has seen enough.</summary>
    private static async Task WatchAsync(string folder, Action<ControlReply> show, TimeProvider time, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, time, stop);
                await ShowAsync(folder, show, stop);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or KeyferryException { Kind: FailureKind.Refused })
        {
            return;
        }
    }
}
