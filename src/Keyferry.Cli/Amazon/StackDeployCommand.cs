using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Stacks;
using Keyferry.Cli.Output;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary><c>keyferry aws stack deploy</c>: creates the stack, or brings it to new parameters.</summary>
internal static class StackDeployCommand
{
    private const string CacheId = "SourceElastiCacheClusterId";
    private const string Zones = "AvailabilityZones";

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
                var template = StackTemplate.Write(parsed.GetValue(image));
                var given = DeployParameters.Read(parsed.GetValue(parameters) ?? []);
                DeployParameters.Check(given, Declared(template));
                using var session = await aws.OpenAsync(parsed, surroundings, signals.Finish);
                var client = new CloudFormationClient(session.Caller);
                var name = StackArguments.NameOf(parsed, stack);
                var found = await client.FindAsync(name, signals.Finish);
                RefuseStillborn(found, name);
                if (found is null)
                {
                    DeployParameters.CheckNothingIsMissing(given, Declared(template));
                }

                StackTarget.Complete(given, isNew: found is null, surroundings);
                await LookAtCacheAsync(given, found, new ElastiCacheClient(session.Caller), signals.Finish);
                surroundings.Out.WriteLine(
                    $"cloudformation:{(found is null ? "CreateStack" : "UpdateStack")} StackName={name} in {session.Region}"
                );
                foreach (var (key, value) in given)
                {
                    surroundings.Out.WriteLine($"  {key} = {(key == StackTarget.Uri && value.Length > 0 ? "***" : value)}");
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

    /// <summary>Before anything is made for a cache that is not there; and the task may run in every zone of the cache.</summary>
    private static async Task LookAtCacheAsync(
        Dictionary<string, string> given,
        StackState? found,
        ElastiCacheClient client,
        CancellationToken stop
    )
    {
        if (!given.TryGetValue(CacheId, out var id) || found?.Parameters.GetValueOrDefault(CacheId) == id)
        {
            return;
        }

        var cache = await new CacheFinder(client).FindAsync(id, stop);
        if (cache.Address is null)
        {
            throw new KeyferryException(
                FailureKind.Unreachable,
                $"{cache.Id} has no endpoint yet: it is {cache.Status}.",
                "Wait until it is available: keyferry elasticache show."
            );
        }

        if (found is null && !given.ContainsKey(Zones) && await client.ZonesAsync(cache, stop) is > 0 and var zones)
        {
            given[Zones] = Math.Min(zones, NetworkResources.MostZones).ToString(CultureInfo.InvariantCulture);
        }
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

    private static JsonObject Declared(string template) => JsonNode.Parse(template)?["Parameters"] as JsonObject ?? [];
}
