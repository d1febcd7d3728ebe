using System.Diagnostics;
using System.Globalization;
using Keyferry.Bench.Contenders;
using Keyferry.Bench.Load;
using Keyferry.Bench.Report;
using Keyferry.Bench.Running;

namespace Keyferry.Bench.Scenarios;

/// <summary>A cutover under writes: how long clients of the source wait before they are switched.</summary>
internal sealed class CutoverScenario : IScenario
{
    private const int WritesPerSecond = 2000;
    private const int Equal = 0;

    public string Name => "cutover";

    public async Task<IReadOnlyDictionary<string, Section>> RunAsync(Suite suite, CancellationToken stop)
    {
        await suite.AddLiveKeysAsync();
        var section = Suite.Begin(
            $"{suite.KeysInWords} and {PacedWriter.Keys:#,0} strings; {WritesPerSecond:#,0} SET/s of 150 B to those all the while"
        );
        for (var run = 1; run <= suite.Options.Runs; run++)
        {
            foreach (var program in suite.Programs)
            {
                await using var target = await Suite.NewTargetAsync(stop);
                var figures = await HandOverAsync(suite, program, target, stop);
                section.Add(program.Name, figures);
                Suite.Say($"cutover, run {run} of {suite.Options.Runs}, {program.Name}: {figures["clients waited ms"]:0} ms");
            }
        }

        return new Dictionary<string, Section> { [Name] = section };
    }

    private static async Task<Figures> HandOverAsync(Suite suite, KeyferryProgram program, Server target, CancellationToken stop)
    {
        using var folder = new ScratchFolder();
        var switched = Path.Combine(folder.Path, "switched");
        await using var tool = program.Run(
            folder,
            [
                .. (string[])["migrate", suite.Source.Address, target.Address, "--json", "--cutover", "manual"],
                .. (string[])["--switch-hook", SwitchHook(folder, switched)],
            ]
        );
        _ = await tool.WaitForAsync(static line => IsPhase(line, "following"), stop);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var client = new WaitingClient(suite.Source.Port);
        var waiting = client.RunAsync(end.Token);
        var writing = new PacedWriter(suite.Source.Port, WritesPerSecond).RunAsync(end.Token);
        await Task.Delay(TimeSpan.FromSeconds(2), stop);

        var asked = Stopwatch.GetTimestamp();
        await using var ask = program.Run(folder, "cutover");
        await ask.EndAsync(stop, Equal);
        var took = Stopwatch.GetElapsedTime(asked);
        await end.CancelAsync();
        await Task.WhenAll(waiting, writing);
        await tool.EndAsync(stop, Equal);

        var at = long.Parse((await File.ReadAllTextAsync(switched, stop)).Trim(), CultureInfo.InvariantCulture) / 1e6;
        return new Figures
        {
            ["clients waited ms"] = at - (client.LastAnswer - DateTimeOffset.UnixEpoch).TotalMilliseconds,
            ["from the command to its answer s"] = took.TotalSeconds,
            ["tool peak MiB"] = tool.PeakMebibytes,
        };
    }

    /// <summary>A program that switches nobody, and notes when it was run: nanoseconds since 1970.</summary>
    private static string SwitchHook(ScratchFolder folder, string note)
    {
        var file = Path.Combine(folder.Path, "switch.sh");
        File.WriteAllText(file, $"#!/bin/sh\ndate +%s%N > {note}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return file;
    }

    private static bool IsPhase(string line, string phase) =>
        KeyferryProgram.IsEvent(line, "phase", entered => entered.GetProperty("phase").GetString() == phase);
}
