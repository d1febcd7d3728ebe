using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Keyferry.Bench.Report;
using Keyferry.Bench.Running;

namespace Keyferry.Bench.Micro;

/// <summary>Runs the micro-benchmarks of the hot path and keeps their table for the report.</summary>
internal static class MicroBenchmarks
{
    private static readonly Type[] Benchmarks =
    [
        typeof(RespBenchmarks),
        typeof(DirtySetBenchmarks),
        typeof(DigestBenchmarks),
        typeof(SlotBenchmarks),
    ];

    public static void Run(string output)
    {
        using var scratch = new ScratchFolder();
        var config = ManualConfig
            .CreateEmpty()
            // In this process: the generated projects of the other way would be built by the rules of this repository.
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .HideColumns("Job", "Toolchain", "IterationCount", "LaunchCount", "WarmupCount", "Gen0", "Gen1", "Gen2", "Error")
            .AddLogger(ConsoleLogger.Default)
            .WithArtifactsPath(scratch.Path)
            .WithOptions(ConfigOptions.DisableOptimizationsValidator);
        var summaries = Benchmarks.Select(type => BenchmarkRunner.Run(type, config)).ToList();
        if (summaries.Any(static summary => summary.HasCriticalValidationErrors || summary.Reports.Any(static report => !report.Success)))
        {
            throw new InvalidOperationException("A micro-benchmark failed; what it said stands above.");
        }

        var report = new BenchReport(output);
        var measured =
            $"Measured {TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC; load average of the machine at the end {Machine.LoadNow():0.0}.\n\n";
        File.WriteAllText(Path.Combine(output, "benchmarks", "micro.md"), measured + string.Join('\n', summaries.Select(Table)));
        report.Write();
    }

    private static string Table(Summary summary)
    {
        var log = new AccumulationLogger();
        MarkdownExporter.GitHub.ExportToLog(summary, log);
        // The exporter begins with a description of the machine, which the report has already.
        return string.Concat(
            log.GetLog().Split('\n').Where(static line => line.StartsWith('|')).Select(static line => line.TrimEnd() + "\n")
        );
    }
}
