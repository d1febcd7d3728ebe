using System.CommandLine;
using Keyferry.Bench.Contenders;
using Keyferry.Bench.Micro;
using Keyferry.Bench.Report;
using Keyferry.Bench.Scenarios;

namespace Keyferry.Bench;

/// <summary>The command line of <c>./bench</c>.</summary>
internal static class BenchCommand
{
    private static readonly IReadOnlyList<IScenario> Scenarios =
    [
        new StartScenario(),
        new SnapshotScenario(),
        new RescanScenario(),
        new LiveScenario(),
        new LargeScenario(),
        new CutoverScenario(),
        new SizeScenario(),
    ];

    private static readonly Option<bool> Quick = new("--quick") { Description = "A short look: 100,000 keys, one run, two rates." };
    private static readonly Option<bool> MicroOnly = new("--micro") { Description = "Only the micro-benchmarks." };
    private static readonly Option<int?> Keys = new("--keys") { Description = "Mixed keys in the source. Default: 1,000,000." };
    private static readonly Option<int?> Runs = new("--runs") { Description = "Runs of each contender. Default: 5." };
    private static readonly Option<double?> Step = new("--step") { Description = "Seconds that each rate of writes is held. Default: 5." };
    private static readonly Option<int[]> Rates = new("--rate")
    {
        Description = "Writes a second, once for each rate, rising. Default: 5,000 to 80,000.",
        AllowMultipleArgumentsPerToken = true,
    };
    private static readonly Option<string[]> Only = new("--only")
    {
        Description =
            $"Only these scenarios: {string.Join(", ", Scenarios.Select(static scenario => scenario.Name))}. The others' figures stay.",
        AllowMultipleArgumentsPerToken = true,
    };
    private static readonly Option<string[]> Programs = new("--program")
    {
        Description = "NAME=PATH of a build of Keyferry, once for each. ./bench gives the native build and the ordinary one.",
        Required = true,
    };
    private static readonly Option<string[]> Peers = new("--peer")
    {
        Description =
            "NAME=PATH of another tool, once for each. redis-shake is run in both of its ways (RedisShake v4); any other is given "
            + "the addresses SOURCE TARGET, copies once and ends with 0.",
    };
    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder of the report. With --quick, or where keys or runs differ from the default, choose another than docs.",
        DefaultValueFactory = static _ => "docs",
    };

    public static RootCommand Create()
    {
        var root = new RootCommand("Whole migrations, measured, and written down as benchmarks.md with plots.")
        {
            Quick,
            MicroOnly,
            Keys,
            Runs,
            Step,
            Rates,
            Only,
            Programs,
            Peers,
            Output,
        };
        root.SetAction(
            static async (parsed, stop) =>
            {
                if (parsed.GetValue(MicroOnly))
                {
                    MicroBenchmarks.Run(parsed.GetRequiredValue(Output));
                    return;
                }

                await RunAsync(Options(parsed), parsed.GetValue(Only) ?? [], stop);
            }
        );
        return root;
    }

    private static async Task RunAsync(BenchOptions options, string[] only, CancellationToken stop)
    {
        var wanted = Scenarios.Where(scenario => only.Length == 0 || only.Contains(scenario.Name)).ToList();
        if (wanted.Count < Math.Max(1, only.Length))
        {
            throw new InvalidOperationException($"--only: one of {string.Join(", ", only)} is no scenario.");
        }

        var report = new BenchReport(options.Output);
        await using var suite = await Suite.StartAsync(options, stop);
        report.Results.Machine = await Machine.DescribeAsync(suite.Source);
        foreach (var scenario in wanted)
        {
            foreach (var (name, section) in await scenario.RunAsync(suite, stop))
            {
                section.Load = [.. section.Load, Machine.LoadNow()];
                report.Results.Sections[name] = section;
            }

            // After each scenario: what has been measured stays if a later one fails.
            report.Write();
        }
    }

    private static BenchOptions Options(ParseResult parsed)
    {
        var quick = parsed.GetValue(Quick);
        var rates = parsed.GetValue(Rates) is { Length: > 0 } given ? given : null;
        return new BenchOptions
        {
            Keys = parsed.GetValue(Keys) ?? (quick ? 100_000 : 1_000_000),
            Runs = parsed.GetValue(Runs) ?? (quick ? 1 : 5),
            StepSeconds = parsed.GetValue(Step) ?? (quick ? 2 : 5),
            Rates = rates ?? (quick ? [5000, 20_000] : [5000, 10_000, 20_000, 30_000, 40_000, 60_000, 80_000]),
            Programs =
            [
                .. (parsed.GetValue(Programs) ?? []).Select(Named).Select(static pair => new KeyferryProgram(pair.Name, pair.Path)),
            ],
            Peers = [.. (parsed.GetValue(Peers) ?? []).Select(Named).SelectMany(Peer)],
            Output = Path.GetFullPath(parsed.GetRequiredValue(Output)),
        };
    }

    private static IEnumerable<IContender> Peer((string Name, string Path) named) =>
        named.Name == "redis-shake"
            ? [new RedisShake(named.Path, ByReplication: false), new RedisShake(named.Path, ByReplication: true)]
            : [new CommandPeer(named.Name, named.Path)];

    private static (string Name, string Path) Named(string text) =>
        text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } path] && File.Exists(path)
            ? (name, Path.GetFullPath(path))
            : throw new InvalidOperationException($"'{text}' is not NAME=PATH of a file that exists.");
}
