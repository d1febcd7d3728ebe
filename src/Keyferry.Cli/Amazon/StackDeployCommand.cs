using System.CommandLine;
using System.Text.Json.Nodes;
using Keyferry.Aws.Stacks;
using Keyferry.Cli.Output;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary><c>keyferry aws stack deploy</c>: creates the stack, or brings it to new parameters.</summary>
internal static class StackDeployCommand
{
    private static readonly string[] Secret = ["TargetRedisURI"];

    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "deploy",
            "Creates the stack, or updates it: parameters that are not given keep their values. Prints the call, makes it with --yes, and tells each event until it is done."
        );
        var (stack, image, aws) = (StackArguments.StackOption(), StackArguments.ImageOption(), new AwsArguments());
        var parameters = new Option<string[]>("--parameter")
        {
            HelpName = "KEY=VALUE",
            Description = "A parameter of the template; may be given several times.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var yes = new Option<bool>("--yes") { Description = "Make the call. Default: only print it." };
        foreach (var option in new Option[] { stack, parameters, image, yes })
        {
            command.Options.Add(option);
        }

        aws.AddTo(command);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                using var session = await aws.OpenAsync(parsed, surroundings, signals.Finish);
                var client = new CloudFormationClient(session.Caller);
                var name = StackArguments.NameOf(parsed, stack);
                var template = StackTemplate.Write(parsed.GetValue(image));
                var given = Read(parsed.GetValue(parameters) ?? [], surroundings);
                var found = await client.FindAsync(name, signals.Finish);
                RefuseStillborn(found, name);
                Check(given, Declared(template), found);
                surroundings.Out.WriteLine(
                    $"cloudformation:{(found is null ? "CreateStack" : "UpdateStack")} StackName={name} in {session.Region}"
                );
                foreach (var (key, value) in given)
                {
                    surroundings.Out.WriteLine($"  {key} = {(Secret.Contains(key) ? "***" : value)}");
                }

                if (!parsed.GetValue(yes))
                {
                    surroundings.Out.WriteLine("nothing was changed; the same command with --yes does it");
                    return ExitCodes.Ok;
                }

                return await DeployAsync(client, name, template, given, found, surroundings, signals.Finish);
            }
        );
        return command;
    }

    private static async Task<int> DeployAsync(
        CloudFormationClient client,
        string name,
        string template,
        Dictionary<string, string> given,
        StackState? found,
        Surroundings surroundings,
        CancellationToken stop
    )
    {
        var progress = new StackProgress(client, surroundings);
        string? id;
        if (found is null)
        {
            id = await client.CreateAsync(name, template, given, stop);
        }
        else
        {
            if (found.IsBusy)
            {
                surroundings.Out.WriteLine($"{name} is {found.Status}; waiting for its end first");
                _ = await progress.WaitAsync(found.Id, stop);
            }

            await progress.SkipAsync(found.Id, stop);
            var kept = found.Parameters.Keys.Where(key => !given.ContainsKey(key) && Declared(template).ContainsKey(key));
            id = await client.UpdateAsync(name, template, given, kept, stop);
        }

        if (id is null)
        {
            surroundings.Out.WriteLine("nothing is to be changed");
            return ExitCodes.Ok;
        }

        return await progress.WaitAsync(id, stop) ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static Dictionary<string, string> Read(IEnumerable<string> pairs, Surroundings surroundings)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new KeyferryException(FailureKind.Usage, "A --parameter has no name and value.", "Write --parameter KEY=VALUE.");
            }

            given[pair[..equals]] = pair[(equals + 1)..];
        }

        if (given.GetValueOrDefault("TargetRedisURI") is { Length: > 0 } uri)
        {
            surroundings.Mask.Add(new Model.Secret(uri));
            surroundings.Error.WriteLine(
                "note: the target's password stands on the command line, where other users of this machine can read it; TargetSecretArn keeps it out of there"
            );
        }

        return given;
    }

    private static void RefuseStillborn(StackState? found, string name)
    {
        if (found is { IsStillborn: true })
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The stack {name} is {found.Status}: it was rolled back when it was made, and can only be deleted.",
                $"See why with keyferry aws stack status --stack {name}, then keyferry aws stack delete --stack {name} --yes, and deploy again."
            );
        }
    }

    private static void Check(Dictionary<string, string> given, JsonObject declared, StackState? found)
    {
        if (given.Keys.FirstOrDefault(key => !declared.ContainsKey(key)) is { } strange)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"The template has no parameter {strange}.",
                $"It has: {string.Join(", ", declared.Select(static one => one.Key))}."
            );
        }

        var missing = declared
            .Where(one => found is null && !given.ContainsKey(one.Key) && one.Value?["Default"] is null)
            .Select(static one => one.Key)
            .ToList();
        if (missing.Count > 0)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"These parameters have no default and were not given: {string.Join(", ", missing)}.",
                "Give each with --parameter KEY=VALUE; the image also with --image."
            );
        }
    }

    private static JsonObject Declared(string template) => JsonNode.Parse(template)?["Parameters"] as JsonObject ?? [];
}
