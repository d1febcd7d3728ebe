using System.CommandLine;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Aws.Provisioning;
using Keyferry.Aws.Secrets;
using Keyferry.Cli.Commands;
using Keyferry.Cli.Output;
using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Cli.Amazon;

/// <summary><c>keyferry elasticache provision</c>: a new cache with notifications on, encrypted, and with a token, from its first moment.</summary>
internal static class ProvisionCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "provision",
            "Creates a replication group: its parameter group first, then the cache with the group attached, encrypted, with a token that Secrets Manager holds. Asks for "
                + "what is not given where somebody can answer, prints each call, and makes them after a yes. Waits until the cache is available, and tests it."
        );
        var (options, aws, workDirectory, server) = (
            new ProvisionOptions(),
            new AwsArguments(),
            new WorkDirectoryOption(),
            new TlsOptionsOnly()
        );
        var yes = new Option<bool>("--yes") { Description = "Ask nothing: defaults for what is not given, and make the calls." };
        var envFile = new Option<string?>("--env-file")
        {
            HelpName = "PATH",
            Description = "Write the variables that name the cache to a new file, without any secret.",
        };
        options.AddTo(command);
        aws.AddTo(command);
        workDirectory.AddTo(command);
        server.AddTo(command);
        command.Options.Add(yes);
        command.Options.Add(envFile);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                RefuseEnvFile(parsed.GetValue(envFile));
                using var session = await aws.OpenAsync(parsed, surroundings, signals.Finish);
                using var folder = WorkDirectory.Open(workDirectory.Read(parsed), surroundings.Time);
                using var store = RunStore.Open(folder, surroundings.Time);
                var (client, secrets) = (new ElastiCacheClient(session.Caller), new SecretsClient(session.Caller));
                var work = new Provisioner(client, secrets, store, surroundings.AwsPatience, surroundings.Out.WriteLine);
                var ask = new Questions(surroundings, parsed.GetValue(yes));
                var intent = await options.ReadAsync(parsed, client, ask, signals.Finish);
                // What an interrupted command has recorded goes on as it was recorded.
                intent = work.Find(intent.Id)?.Intent ?? intent;
                Print(surroundings.Out, intent, ProvisionSteps.ToCreate(intent, await work.LookAsync(intent, signals.Finish)));
                if (!parsed.GetValue(yes) && !ask.Confirm("Make these calls?", fallback: false))
                {
                    surroundings.Out.WriteLine("nothing was changed; --yes makes the calls without asking");
                    return ExitCodes.Ok;
                }

                var cache = await work.CreateAsync(intent, signals.Finish);
                var token = intent.Token ? (await work.LookAsync(intent, signals.Finish)).Token : null;
                surroundings.Mask.Add(token);
                Connect(surroundings.Out, intent, cache);
                WriteEnvFile(parsed.GetValue(envFile), cache, intent, surroundings.Out);
                var probe = new PrimaryProbe(address => server.Connect(parsed, surroundings, cache, address, token), surroundings.Time);
                return intent.Notifications
                    ? await new CacheNotifications(surroundings, session).TestAsync(cache, probe, json: false, signals.Finish)
                    : ExitCodes.Ok;
            }
        );
        return command;
    }

    private static void Print(TextWriter to, ProvisionIntent intent, IReadOnlyList<ProvisionStep> steps)
    {
        var kind = intent.Shards > 0 ? $"{intent.Shards} shards, cluster mode on" : "cluster mode off";
        to.WriteLine(
            $"{intent.Id} in {intent.Region}: {intent.Engine} {intent.EngineVersion}, {intent.NodeType}, {kind}, replicas of each primary: {intent.Replicas}"
        );
        to.WriteLine(intent.Notifications ? "keyspace notifications: on (AE)" : "keyspace notifications: off");
        to.WriteLine(intent.Encrypted ? "encrypted in transit and at rest" : "NOT encrypted");
        to.WriteLine(
            intent.Token ? $"clients log in with a token, which the secret {intent.SecretName} holds" : "clients log in WITHOUT any proof"
        );
        to.WriteLine();
        if (steps.Count == 0)
        {
            to.WriteLine("everything is there already; nothing is to be made");
        }

        foreach (var (step, number) in steps.Select(static (step, index) => (step, index + 1)))
        {
            to.WriteLine($"{number}. {step}");
            to.WriteLine($"   {step.Why}");
        }

        to.WriteLine();
    }

    private static void Connect(TextWriter to, ProvisionIntent intent, Cache cache)
    {
        var secret = intent.Token ? $"&secret={intent.SecretName}" : "";
        to.WriteLine($"{cache.Id} is available at {cache.Address}");
        to.WriteLine($"name it as: elasticache://{cache.Id}?region={intent.Region}{secret}");
        if (intent.Token)
        {
            to.WriteLine(
                $"its token, the field password of a JSON object: aws secretsmanager get-secret-value --region {intent.Region} --secret-id {intent.SecretName} --query SecretString --output text"
            );
        }

        to.WriteLine($"keyferry elasticache delete {cache.Id} --region {intent.Region} removes exactly what was made here");
    }

    // Before anything is made: afterwards it could only be told.
    private static void RefuseEnvFile(string? path)
    {
        if (path is null)
        {
            return;
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        var what =
            File.Exists(path) || Directory.Exists(path) ? $"{path} exists already"
            : !Directory.Exists(folder) ? $"There is no folder {folder}"
            : null;
        if (what is not null)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"{what}: --env-file writes a new file.",
                "Name another file, or move this one away; a file is never overwritten."
            );
        }
    }

    private static void WriteEnvFile(string? path, Cache cache, ProvisionIntent intent, TextWriter to)
    {
        if (path is null)
        {
            return;
        }

        string[] lines =
        [
            $"AWS_REGION={intent.Region}",
            $"ELASTICACHE_CLUSTER_ID={cache.Id}",
            $"REDIS_SOURCE_HOST={cache.Address?.Host}",
            $"REDIS_SOURCE_PORT={cache.Address?.Port}",
            $"REDIS_SOURCE_TLS={(cache.Tls ? "true" : "false")}",
        ];
        try
        {
            using var file = new StreamWriter(new FileStream(path, FileMode.CreateNew));
            foreach (var line in lines)
            {
                file.WriteLine(line);
            }

            to.WriteLine($"written: {path}, without the token");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            // The cache exists; a file that does does not undo that.
            to.WriteLine($"not written: {path}: {failed.Message}");
        }
    }
}
