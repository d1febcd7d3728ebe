using System.Diagnostics;
using Keyferry.Bench.Contenders;
using Keyferry.Bench.Report;
using Keyferry.Bench.Running;

namespace Keyferry.Bench.Scenarios;

/// <summary>What each build of Keyferry costs before it does anything: its start, and its memory while it follows an idle source.</summary>
internal sealed class StartScenario : IScenario
{
    private const int Starts = 11;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2);

    public string Name => "start";

    public async Task<IReadOnlyDictionary<string, Section>> RunAsync(Suite suite, CancellationToken stop)
    {
        var section = Suite.Begin("`keyferry --version`, and a run that follows an empty, idle source for 2 s");
        for (var run = 0; run < Starts; run++)
        {
            foreach (var program in suite.Programs)
            {
                using var folder = new ScratchFolder();
                var began = Stopwatch.GetTimestamp();
                await using var tool = program.Run(folder, "--version");
                await tool.EndAsync(stop, 0);
                section.Add(program.Name, new Figures { ["start ms"] = Stopwatch.GetElapsedTime(began).TotalMilliseconds });
            }
        }

        await using var source = await Server.StartAsync(stop);
        await using var target = await Suite.NewTargetAsync(stop);
        for (var run = 0; run < suite.Options.Runs; run++)
        {
            foreach (var program in suite.Programs)
            {
                section.Add(program.Name, await IdleAsync(program, source, target, stop));
            }
        }

        foreach (var program in suite.Programs)
        {
            section.Add(program.Name, new Figures { ["program MB"] = SizeOf(program.Path) / 1e6 });
        }

        return new Dictionary<string, Section> { [Name] = section };
    }

    private static async Task<Figures> IdleAsync(KeyferryProgram program, Server source, Server target, CancellationToken stop)
    {
        await using var follower = await program.FollowAsync(source, target);
        await follower.CopiedAsync(stop);
        await Task.Delay(Idle, stop);
        return new Figures { ["idle peak MiB"] = follower.Tool?.PeakMebibytes ?? 0 };
    }

    /// <summary>The native build is one file, the other one a folder that needs the runtime besides.</summary>
    private static long SizeOf(string path) =>
        File.Exists(System.IO.Path.ChangeExtension(path, null) + ".dll")
            ? Directory.EnumerateFiles(System.IO.Path.GetDirectoryName(path) ?? ".").Sum(static file => new FileInfo(file).Length)
            : new FileInfo(path).Length;
}
