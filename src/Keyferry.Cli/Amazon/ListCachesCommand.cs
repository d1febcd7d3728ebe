using System.CommandLine;
using Keyferry.Aws.ElastiCache;
using Keyferry.Cli.Output;

namespace Keyferry.Cli.Amazon;

/// <summary><c>keyferry elasticache list</c></summary>
internal static class ListCachesCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command("list", "Lists every Redis and Valkey cache of the region. Changes nothing.");
        var aws = new AwsArguments();
        var json = new Option<bool>("--json") { Description = "Write JSON objects to standard output, one cache a line." };
        aws.AddTo(command);
        command.Options.Add(json);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                using var session = await aws.OpenAsync(parsed, surroundings, signals.Finish);
                var caches = await new CacheFinder(new ElastiCacheClient(session.Caller)).AllAsync(signals.Finish);
                foreach (var cache in caches)
                {
                    if (parsed.GetValue(json))
                    {
                        CacheJson.WriteCache(surroundings.Out, cache);
                    }
                    else
                    {
                        surroundings.Out.WriteLine(
                            $"{cache.Id, -40}  {cache.Status, -10}  {cache.Engine} {cache.EngineVersion, -8}  {cache.KindWords}"
                        );
                    }
                }

                if (caches.Count == 0 && !parsed.GetValue(json))
                {
                    surroundings.Out.WriteLine($"no Redis or Valkey cache in {session.Region}");
                }

                return ExitCodes.Ok;
            }
        );
        return command;
    }
}
