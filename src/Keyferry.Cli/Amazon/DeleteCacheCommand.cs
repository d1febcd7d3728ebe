using System.CommandLine;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Provisioning;
using Keyferry.Aws.Secrets;
using Keyferry.Cli.Commands;
using Keyferry.Cli.Output;
using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Cli.Amazon;

/// <summary><c>keyferry elasticache delete</c>: removes exactly what a provision made, after naming it.</summary>
internal static class DeleteCacheCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "delete",
            "Removes exactly what keyferry elasticache provision made: the cache with everything in it, its parameter group, its secret. Names all of it, and does it after a "
                + "yes. A cache that this work directory has not made is refused."
        );
        var id = new Argument<string>("ID") { Description = "The cache's id." };
        var (aws, workDirectory) = (new AwsArguments(), new WorkDirectoryOption());
        var yes = new Option<bool>("--yes") { Description = "Do it without asking." };
        command.Arguments.Add(id);
        aws.AddTo(command);
        workDirectory.AddTo(command);
        command.Options.Add(yes);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                using var session = await aws.OpenAsync(parsed, surroundings, signals.Finish);
                var name = (parsed.GetValue(id) ?? "").ToLowerInvariant();
                var path = workDirectory.Read(parsed);
                if (!WorkDirectory.HasState(path))
                {
                    throw NotOurs(name, Path.GetFullPath(path));
                }

                using var folder = WorkDirectory.Open(path, surroundings.Time);
                using var store = RunStore.Open(folder, surroundings.Time);
                var (client, secrets) = (new ElastiCacheClient(session.Caller), new SecretsClient(session.Caller));
                var work = new Provisioner(client, secrets, store, surroundings.AwsPatience, surroundings.Out.WriteLine);
                var (lease, intent) = work.Find(name) ?? throw NotOurs(name, folder.Path);
                var steps = ProvisionSteps.ToDelete(intent, await work.LookAsync(intent, signals.Finish));
                foreach (var step in steps)
                {
                    surroundings.Out.WriteLine($"{step}");
                    surroundings.Out.WriteLine($"   {step.Why}");
                }

                if (
                    !parsed.GetValue(yes)
                    && !new Questions(surroundings, silent: false).Confirm("Delete all of this for good?", fallback: false)
                )
                {
                    surroundings.Out.WriteLine("nothing was deleted; --yes does it without asking");
                    return ExitCodes.Ok;
                }

                await work.DeleteAsync(lease, intent, signals.Finish);
                surroundings.Out.WriteLine($"{name} and everything that was made for it is gone");
                return ExitCodes.Ok;
            }
        );
        return command;
    }

    private static KeyferryException NotOurs(string id, string folder) =>
        new(
            FailureKind.Refused,
            $"{folder} does not say that Keyferry has made {id} in this region.",
            "Name the work directory from which it was made with --work-dir, and the region; a cache of other origin is deleted by other means."
        );
}
