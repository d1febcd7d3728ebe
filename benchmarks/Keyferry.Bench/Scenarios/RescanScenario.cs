using System.Globalization;
using Keyferry.Bench.Contenders;
using Keyferry.Bench.Report;
using Keyferry.Bench.Running;

namespace Keyferry.Bench.Scenarios;

/// <summary>The capture loses its connection while everything is equal: a gap, closed by a rescan that finds nothing to move.</summary>
/// <remarks>A copy uses every key of a source that knows no NO-TOUCH, and so does a rescan the keys that it compares. Some time passes before the next gap, as it would.</remarks>
internal sealed class RescanScenario : IScenario
{
    private static readonly TimeSpan BetweenGaps = TimeSpan.FromSeconds(6);

    public string Name => "rescan";

    public async Task<IReadOnlyDictionary<string, Section>> RunAsync(Suite suite, CancellationToken stop)
    {
        var section = Suite.Begin(
            $"{suite.KeysInWords} on both servers, equal; from the cut of the capture's connection to the closed gap"
        );
        foreach (var program in suite.Programs)
        {
            await using var target = await Suite.NewTargetAsync(stop);
            await using var follower = await program.FollowAsync(suite.Source, target);
            await follower.CopiedAsync(stop);
            for (var run = 1; run <= suite.Options.Runs; run++)
            {
                await Task.Delay(BetweenGaps, stop);
                var gap = run.ToString(CultureInfo.InvariantCulture);
                var meter = await Meter.BeginAsync(suite.Source, target, follower.Tool);
                _ = await suite.Source.Link.Database().ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
                if (follower.Tool is { } tool)
                {
                    _ = await tool.WaitForAsync(
                        line => KeyferryProgram.IsEvent(line, "gap-closed", closed => closed.GetProperty("id").GetRawText() == gap),
                        stop
                    );
                }

                var figures = await meter.EndAsync(follower.Tool);
                section.Add(program.Name, figures);
                Suite.Say($"rescan, run {run} of {suite.Options.Runs}, {program.Name}: {figures["seconds"]:0.00} s");
            }
        }

        return new Dictionary<string, Section> { [Name] = section };
    }
}
