using System.CommandLine;
using Keyferry.Cli.Control;
using Keyferry.Cli.Input;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry pace</c>: shows and changes what a running migration may take from the source.</summary>
internal static class PaceCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "pace",
            "Shows what a running migration may take from the source, and changes what is given; without options it only shows. Changes go first within the limits."
        );
        var off = new Argument<string?>("off") { Description = "Lifts all limits.", Arity = ArgumentArity.ZeroOrOne };
        off.AcceptOnlyFromAmong("off");
        var keys = TypedOption.Whole("--keys", "N", "Keys that may be read in a second; 0 for any.", 0, int.MaxValue);
        var bytes = TypedOption.Size("--bytes", "Bytes of values that may be read in a second; 0 for any.", 0);
        var latency = TypedOption.DurationOrNone(
            "--latency",
            "What the source may take to answer a PING, on average; 0ms for any.",
            PaceOptions.LeastLatency,
            PaceOptions.MostLatency
        );
        var workDirectory = new WorkDirectoryOption();
        command.Arguments.Add(off);
        command.Options.Add(keys);
        command.Options.Add(bytes);
        command.Options.Add(latency);
        workDirectory.AddTo(command);
        command.Validators.Add(result =>
        {
            Option[] limits = [keys, bytes, latency];
            if (result.GetValue(off) is not null && limits.FirstOrDefault(limit => result.GetResult(limit) is not null) is { } given)
            {
                result.AddError($"off lifts all limits, and {given.Name} sets one; give one of them");
            }
        });
        command.SetAction(
            (parsed, stop) =>
                ControlCommands.AskAsync(
                    workDirectory.Read(parsed),
                    new ControlRequest("pace")
                    {
                        Pace = new PaceChange(
                            parsed.GetValue(off) is not null,
                            parsed.GetValue(keys),
                            parsed.GetValue(bytes),
                            parsed.GetValue(latency)?.TotalMilliseconds
                        ),
                    },
                    surroundings,
                    stop
                )
        );
        return command;
    }
}
