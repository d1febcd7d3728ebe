using Keyferry.Cli.Output;
using Keyferry.Integration.Load;
using Keyferry.Integration.Programs;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;

namespace Keyferry.Integration.Faults;

/// <summary>The program itself killed (SIGKILL) at random moments under writes, and started again with <c>--resume</c>: it ends with both sides equal.</summary>
[Collection(nameof(LoadCollection))]
public sealed class KilledRunTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task Run_that_is_killed_goes_on_and_ends_equal() => RunManyAsync(firstSeed: 1, count: 2);

    [Fact]
    [Trait("Category", "Long")]
    public Task Thirty_runs_that_are_killed_go_on_and_end_equal() => RunManyAsync(firstSeed: 100, count: 30);

    private async Task RunManyAsync(ulong firstSeed, int count)
    {
        var kills = 0;
        for (var seed = firstSeed; seed < firstSeed + (ulong)count; seed++)
        {
            kills += await RunOneAsync(seed);
        }

        output.WriteLine($"{count} runs, killed {kills} times, all equal at the end");
    }

    /// <returns>How often the program was killed.</returns>
    private static async Task<int> RunOneAsync(ulong seed)
    {
        var dice = new Dice(seed);
        var folder = Directory.CreateTempSubdirectory("keyferry-killed-run-").FullName;
        try
        {
            await using var pair = await LoadedPair.StartAsync(new KeySpace(Seed: seed, Count: 5000, Databases: 2), Stop);
            using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var writer = pair.Writer(new WriterOptions(1000, seed, SilentStreamCommands: true)).RunAsync(null, writing.Token);
            string[] options = ["--work-dir", Path.Combine(folder, "work"), "--lanes", $"{dice.Between(1, 3)}"];
            var kills = dice.Between(1, 3);
            var story = "";
            for (var i = 0; i < kills; i++)
            {
                story += await KillAsync(pair, options, dice);
            }

            await using var last = await ResumeAsync(pair, [.. options, "--until-idle", "1s"]);
            await last.WaitForAsync("phase following", Budget);
            await writing.CancelAsync();
            await writer;
            var code = await last.EndAsync(Budget);
            var context = $"seed {seed}\n{story}\n{last.Output}";
            Assert.True(code == ExitCodes.Ok, $"it ended with {code}\n{context}");
            await pair.LetShortLivesEndAsync(Stop);
            await pair.AssertEqualAsync(context, Stop);
            var flags = (string?)(await pair.Source.Database().ExecuteAsync("CONFIG", "GET", "notify-keyspace-events"))[1];
            Assert.True(string.IsNullOrEmpty(flags), $"the flags were left at \"{flags}\"\n{context}");
            return kills;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>What the program had said until it was killed.</returns>
    private static async Task<string> KillAsync(LoadedPair pair, string[] options, Dice dice)
    {
        await using var program = await ResumeAsync(pair, options);
        if (dice.Chance(400))
        {
            await program.WaitForAsync("phase following", Budget);
        }

        await Task.Delay(dice.Below(1500), Stop);
        await program.KillAsync();
        await Task.Delay(dice.Below(700), Stop);
        return $"{program.Output}-- killed\n";
    }

    /// <summary>Goes on with the run, or begins it where there is none yet.</summary>
    private static async Task<KeyferryProgram> ResumeAsync(LoadedPair pair, string[] options)
    {
        var program = pair.Migrate([.. options, "--resume"]);
        while (!program.HasEnded && !program.Output.Contains("phase ", StringComparison.Ordinal))
        {
            await Task.Delay(20, Stop);
        }

        if (!program.HasEnded)
        {
            return program;
        }

        var code = await program.EndAsync(Budget);
        var said = program.Output;
        await program.DisposeAsync();
        Assert.True(code == ExitCodes.Usage && said.Contains("There is no run to resume", StringComparison.Ordinal), $"{code}\n{said}");
        return pair.Migrate(options);
    }
}
