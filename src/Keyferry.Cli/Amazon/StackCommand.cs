using System.CommandLine;
using Keyferry.Aws.Stacks;
using Keyferry.Cli.Output;

namespace Keyferry.Cli.Amazon;

/// <summary><c>keyferry aws stack</c>: a migration that runs beside the cache, as a CloudFormation stack.</summary>
internal static class StackCommand
{
    /// <summary>Creates <c>keyferry aws</c> with what is below it.</summary>
    public static Command Create(Surroundings surroundings) =>
        new("aws", "Runs a migration inside AWS.")
        {
            new Command("stack", "A migration as one Fargate task beside the cache, as a CloudFormation stack.")
            {
                Template(surroundings),
                StackDeployCommand.Create(surroundings),
                Status(surroundings),
                StackLogsCommand.Create(surroundings),
                Delete(surroundings),
            },
        };

    private static Command Template(Surroundings surroundings)
    {
        var command = new Command(
            "template",
            "Writes the template to standard output. It takes the parameters of migration guides (SourceElastiCacheClusterId, TargetRedisURI, SyncMode, EnableLiveSync)."
        );
        var image = StackArguments.ImageOption();
        command.Options.Add(image);
        command.SetAction(parsed =>
        {
            surroundings.Out.WriteLine(StackTemplate.Write(parsed.GetValue(image)));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Status(Surroundings surroundings)
    {
        var command = new Command("status", "Shows how the stack stands, with its latest events and what it tells. Changes nothing.");
        var (stack, aws) = (StackArguments.StackOption(), new AwsArguments());
        command.Options.Add(stack);
        aws.AddTo(command);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                using var session = await aws.OpenAsync(parsed, surroundings, signals.Finish);
                var client = new CloudFormationClient(session.Caller);
                var name = StackArguments.NameOf(parsed, stack);
                var found = await client.FindAsync(name, signals.Finish) ?? throw StackArguments.NoStack(name, session.Region);
                surroundings.Out.WriteLine($"{name}: {found.Status} {found.Reason}".TrimEnd());
                foreach (var (key, value) in found.Parameters.Concat(found.Outputs))
                {
                    surroundings.Out.WriteLine($"  {key} = {value}");
                }

                foreach (var one in StackProgress.WorthTelling(await client.EventsAsync(found.Id, signals.Finish)))
                {
                    surroundings.Out.WriteLine(StackProgress.Words(one));
                }

                return found.IsFailed ? ExitCodes.Failed : ExitCodes.Ok;
            }
        );
        return command;
    }

    private static Command Delete(Surroundings surroundings)
    {
        var command = new Command(
            "delete",
            "Deletes the stack with everything in it but its logs; the ingress rule on the cache's security group goes with it. Does it with --yes only."
        );
        var (stack, aws) = (StackArguments.StackOption(), new AwsArguments());
        var yes = new Option<bool>("--yes") { Description = "Do it without asking." };
        command.Options.Add(stack);
        aws.AddTo(command);
        command.Options.Add(yes);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                using var session = await aws.OpenAsync(parsed, surroundings, signals.Finish);
                var client = new CloudFormationClient(session.Caller);
                var name = StackArguments.NameOf(parsed, stack);
                if (await client.FindAsync(name, signals.Finish) is not { } found)
                {
                    surroundings.Out.WriteLine($"there is no stack {name} in {session.Region}");
                    return ExitCodes.Ok;
                }

                surroundings.Out.WriteLine($"cloudformation:DeleteStack StackName={name} ({found.Id})");
                if (!parsed.GetValue(yes) && !new Questions(surroundings, silent: false).Confirm("Delete it?", fallback: false))
                {
                    surroundings.Out.WriteLine("nothing was deleted; --yes does it without asking");
                    return ExitCodes.Ok;
                }

                var progress = new StackProgress(client, surroundings);
                await progress.SkipAsync(found.Id, signals.Finish);
                await client.DeleteAsync(name, signals.Finish);
                return await progress.WaitAsync(found.Id, signals.Finish) ? ExitCodes.Ok : ExitCodes.Failed;
            }
        );
        return command;
    }
}
