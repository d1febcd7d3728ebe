using Keyferry.Bench.Report;
using Keyferry.Bench.Running;

namespace Keyferry.Bench.Scenarios;

/// <summary>A copy of many small keys, and of ten times as many: what a key costs, and what memory the tool takes, must not grow with their number.</summary>
/// <remarks>What a key costs the servers does grow where their keys leave the processor's caches; how much, the contender by replication tells.</remarks>
internal sealed class SizeScenario : IScenario
{
    private const int AtATime = 10_000;

    public string Name => "size";

    public async Task<IReadOnlyDictionary<string, Section>> RunAsync(Suite suite, CancellationToken stop)
    {
        // Each of the large copies takes as long as ten of the others.
        var runs = Math.Max(1, suite.Options.Runs / 5);
        var section = Suite.Begin("Strings of 20 B, copied once to an empty server");
        await using var source = await Server.StartAsync(stop);
        foreach (var keys in (int[])[suite.Options.Keys, 10 * suite.Options.Keys])
        {
            await FillAsync(source, keys, stop);
            for (var run = 1; run <= runs; run++)
            {
                foreach (var contender in suite.Contenders)
                {
                    await using var target = await Suite.NewTargetAsync(stop);
                    var figures = await contender.CopyAsync(source, target, stop);
                    figures["µs a key"] = figures["seconds"] * 1e6 / keys;
                    section.Add($"{contender.Name}, {keys:#,0} keys", figures);
                    Suite.Say($"size, run {run} of {runs}, {contender.Name}, {keys:#,0} keys: {figures["µs a key"]:0.00} µs a key");
                }
            }
        }

        return new Dictionary<string, Section> { [Name] = section };
    }

    private static async Task FillAsync(Server source, int keys, CancellationToken stop)
    {
        const string script =
            "for i=ARGV[1],ARGV[1]+ARGV[2]-1 do redis.call('SET',string.format('key:%09d',i),string.format('%020d',i)) end";
        for (var first = (int)await source.Link.KeyCountAsync(); first < keys; first += AtATime)
        {
            stop.ThrowIfCancellationRequested();
            _ = await source.Link.Database().ScriptEvaluateAsync(script, [], [first, Math.Min(AtATime, keys - first)]);
        }
    }
}
