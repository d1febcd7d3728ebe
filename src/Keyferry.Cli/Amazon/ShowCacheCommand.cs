using System.CommandLine;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Cli.Output;
using Keyferry.Notifications;

namespace Keyferry.Cli.Amazon;

/// <summary><c>keyferry elasticache show</c>: everything that the interface tells of one cache.</summary>
internal static class ShowCacheCommand
{
    private const int EventMinutes = 24 * 60;

    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "show",
            "Shows one cache: endpoints, encryption, how clients log in, nodes, parameter group, notification letters, what is being changed, and what happened in the last "
                + "day. Changes nothing."
        );
        var id = new Argument<string>("ID") { Description = "A replication group, a cluster, or a serverless cache." };
        var aws = new AwsArguments();
        var json = new Option<bool>("--json") { Description = "Write one JSON object to standard output." };
        command.Arguments.Add(id);
        aws.AddTo(command);
        command.Options.Add(json);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                using var session = await aws.OpenAsync(parsed, surroundings, signals.Finish);
                var client = new ElastiCacheClient(session.Caller);
                var cache = await new CacheFinder(client).FindAsync(parsed.GetValue(id) ?? "", signals.Finish);
                if (parsed.GetValue(json))
                {
                    CacheJson.WriteCache(surroundings.Out, cache);
                }
                else
                {
                    await PrintAsync(surroundings.Out, cache, client, signals.Finish);
                }

                return ExitCodes.Ok;
            }
        );
        return command;
    }

    private static async Task PrintAsync(TextWriter to, Cache cache, ElastiCacheClient client, CancellationToken stop)
    {
        to.WriteLine($"{cache.Id} in {client.Region}: {cache.KindWords}, {cache.Engine} {cache.EngineVersion}, {cache.Status}");
        to.WriteLine($"endpoint:        {cache.Address?.ToString() ?? "none yet"}{(cache.Tls ? ", TLS" : ", not encrypted")}");
        to.WriteLine($"clients log in:  {LoginWords(cache)}");
        to.WriteLine($"name it as:      elasticache://{cache.Id}?region={client.Region}");
        if (cache.Pending.Length > 0)
        {
            to.WriteLine($"being changed:   {cache.Pending}");
        }

        foreach (var shard in cache.Shards.Where(static shard => shard.Slots.Length > 0))
        {
            to.WriteLine($"shard {shard.Id}:      slots {shard.Slots}, {string.Join(", ", shard.Members)}");
        }

        foreach (var member in cache.Members)
        {
            var state = member.IsSettled
                ? "available, in sync"
                : $"{member.Status}, {member.ApplyStatus} {string.Join(", ", member.OutOfSync)}";
            to.WriteLine(
                $"node:            {member.Id} at {member.Address?.ToString() ?? "-"}, {member.NodeType}, {member.ParameterGroup}: {state}"
            );
        }

        foreach (var group in cache.ParameterGroups)
        {
            var letters = GroupDecision.LettersOf(await client.ParametersAsync(group, stop));
            var words = letters.Covers(NotificationFlags.Needed(letters.Family))
                ? "suffice for a live migration"
                : "do not suffice for a live migration";
            to.WriteLine($"notifications:   \"{letters}\" in {group}: they {words}");
        }

        if (cache.Kind == CacheKind.Serverless)
        {
            to.WriteLine("notifications:   none: serverless caches have no keyspace notifications; --capture polling works");
        }

        var type = cache.Kind switch
        {
            CacheKind.ReplicationGroup => "replication-group",
            CacheKind.Standalone => "cache-cluster",
            _ => "serverless-cache",
        };
        foreach (var (at, message) in await client.EventsAsync(cache.Id, type, EventMinutes, stop))
        {
            to.WriteLine($"{at:yyyy-MM-dd HH:mm:ss}  {message}");
        }
    }

    private static string LoginWords(Cache cache) =>
        cache.Auth switch
        {
            CacheAuth.Token => "with the AUTH token",
            CacheAuth.Users => $"as users of {string.Join(", ", cache.UserGroups)}, with a password or by IAM",
            _ => "without any proof",
        };
}
