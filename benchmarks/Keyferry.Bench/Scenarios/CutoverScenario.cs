using System.Diagnostics;
using System.Globalization;
using Keyferry.Bench.Contenders;
using Keyferry.Bench.Load;
using Keyferry.Bench.Report;
using Keyferry.Bench.Running;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;

namespace Keyferry.Bench.Scenarios;

/// <summary>A cutover under writes of every type: how long clients of the source wait before they are switched, and whether both sides are equal then.</summary>
internal sealed class CutoverScenario : IScenario
{
    private const int WritesPerSecond = 5000;
    private const int Equal = 0;

    /// <summary>A key may expire between the digests of both sides.</summary>
    private const int MostDigests = 4;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    public string Name => "cutover";

    public async Task<IReadOnlyDictionary<string, Section>> RunAsync(Suite suite, CancellationToken stop)
    {
        // What is said of it is said of ten.
        var runs = 2 * suite.Options.Runs;
        var program = suite.Programs[0];
        var section = Suite.Begin(
            $"{suite.KeysInWords}; {WritesPerSecond:#,0} writes a second of every type to those all the while; `--fence pause`"
        );
        for (var run = 1; run <= runs; run++)
        {
            await using var target = await Suite.NewTargetAsync(stop);
            var figures = await HandOverAsync(suite, program, target, run, stop);
            section.Add(program.Name, figures);
            Suite.Say($"cutover, run {run} of {runs}: clients waited {figures["clients waited ms"]:0} ms, equal: {figures["equal"] > 0}");
        }

        return new Dictionary<string, Section> { [Name] = section };
    }

    private static async Task<Figures> HandOverAsync(Suite suite, KeyferryProgram program, Server target, int run, CancellationToken stop)
    {
        using var folder = new ScratchFolder();
        var hook = new SwitchHook(folder);
        await using var tool = program.Run(
            folder,
            [
                .. (string[])["migrate", suite.Source.Address, target.Address, "--json", "--cutover", "manual", "--fence", "pause"],
                .. (string[])["--switch-hook", hook.Path],
            ]
        );
        _ = await tool.WaitForAsync(static line => IsPhase(line, "following"), stop);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var client = new WaitingClient(suite.Source.Port);
        var waiting = client.RunAsync(end.Token);
        var link = await ServerLink.ConnectAsync(suite.Source.Address);
        var writer = new Writer(link, suite.Keys, new WriterOptions(WritesPerSecond, (ulong)run), TimeProvider.System);
        var writing = writer.RunAsync(duration: null, end.Token);
        await Task.Delay(TimeSpan.FromSeconds(2), stop);

        var (asked, accepted) = (Stopwatch.GetTimestamp(), writer.Tally.Accepted);
        await using var ask = program.Run(folder, "cutover");
        var switched = await hook.WaitAsync(ask, stop);
        var took = Stopwatch.GetElapsedTime(asked);
        var rate = (writer.Tally.Accepted - accepted) / took.TotalSeconds;
        // They send nothing more; what is held back of theirs is dropped with their connections, and not sent again.
        await end.CancelAsync();
        hook.LetGo();
        await Task.WhenAll(waiting, writing);
        await link.DisposeAsync();
        await ask.EndAsync(stop, Equal);
        await tool.EndAsync(stop, Equal);
        return new Figures
        {
            ["clients waited ms"] = (switched - client.LastAnswer).TotalMilliseconds,
            ["from the command to the switch s"] = took.TotalSeconds,
            ["writes/s"] = rate,
            ["equal"] = await AreEqualAsync(suite.Source, target, stop) ? 1 : 0,
            ["tool peak MiB"] = tool.PeakMebibytes,
        };
    }

    /// <summary>By the servers' own digests, once what was to expire soon is gone.</summary>
    private static async Task<bool> AreEqualAsync(Server source, Server target, CancellationToken stop)
    {
        await Task.Delay(WriterOptions.LongestShortLifeMilliseconds + 100, stop);
        for (var attempt = 1; attempt <= MostDigests; attempt++)
        {
            var both = await Task.WhenAll(DatasetDigest.OfAsync(source.Link, stop), DatasetDigest.OfAsync(target.Link, stop));
            if (both[0] == both[1])
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsPhase(string line, string phase) =>
        KeyferryProgram.IsEvent(line, "phase", entered => entered.GetProperty("phase").GetString() == phase);

    /// <summary>A program that notes when it was run, nanoseconds since 1970, and answers when it is let go: so nobody writes to the source again.</summary>
    private sealed class SwitchHook
    {
        private readonly string _note;
        private readonly string _go;

        public SwitchHook(ScratchFolder folder)
        {
            (Path, _note, _go) = (In("switch.sh"), In("switched"), In("go"));
            File.WriteAllText(
                Path,
                $"#!/bin/sh\ndate +%s%N > {_note}.new; mv {_note}.new {_note}\nwhile [ ! -e {_go} ]; do sleep 0.02; done\n"
            );
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

            string In(string name) => System.IO.Path.Combine(folder.Path, name);
        }

        public string Path { get; }

        /// <summary>Waits until it was run, and says when.</summary>
        public async Task<DateTimeOffset> WaitAsync(Watched ask, CancellationToken stop)
        {
            while (!File.Exists(_note))
            {
                if (ask.HasEnded)
                {
                    throw new InvalidOperationException("the cutover was undone");
                }

                await Task.Delay(Glance, stop);
            }

            var text = (await File.ReadAllTextAsync(_note, stop)).Trim();
            return DateTimeOffset.UnixEpoch.AddTicks(long.Parse(text, CultureInfo.InvariantCulture) / TimeSpan.NanosecondsPerTick);
        }

        public void LetGo() => File.WriteAllText(_go, "");
    }
}
