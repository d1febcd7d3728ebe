using Keyferry.Bench.Contenders;
using Keyferry.Bench.Report;

namespace Keyferry.Bench.Scenarios;

/// <summary>The whole copy by everybody, in turn, and the verify of what Keyferry has copied.</summary>
internal sealed class SnapshotScenario : IScenario
{
    public string Name => "snapshot";

    public async Task<IReadOnlyDictionary<string, Section>> RunAsync(Suite suite, CancellationToken stop)
    {
        var copies = Suite.Begin(
            $"{suite.KeysInWords}, copied once to an empty server; Keyferry with its checks on, connecting and ending included"
        );
        var verifies = Suite.Begin($"{suite.KeysInWords} on both servers, equal; `keyferry verify`, both directions");
        for (var run = 1; run <= suite.Options.Runs; run++)
        {
            double? native = null;
            foreach (var contender in suite.Contenders)
            {
                await using var target = await Suite.NewTargetAsync(stop);
                var copy = await contender.CopyAsync(suite.Source, target, stop);
                native ??= copy["seconds"];
                copy["× native"] = copy["seconds"] / native.Value;
                copies.Add(contender.Name, copy);
                Suite.Say($"snapshot, run {run} of {suite.Options.Runs}, {contender.Name}: {copy["seconds"]:0.00} s");
                if (contender is KeyferryProgram program)
                {
                    var verify = await program.VerifyAsync(suite.Source, target, stop);
                    verify["× its snapshot"] = verify["seconds"] / copy["seconds"];
                    verifies.Add(contender.Name, verify);
                    Suite.Say($"verify, run {run} of {suite.Options.Runs}, {contender.Name}: {verify["seconds"]:0.00} s");
                }
            }
        }

        return new Dictionary<string, Section> { [Name] = copies, ["verify"] = verifies };
    }
}
