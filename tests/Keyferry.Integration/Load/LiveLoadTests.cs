using System.Diagnostics;
using Keyferry.Integration.Servers;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;

namespace Keyferry.Integration.Load;

/// <summary>Whole migrations while the application writes with everything it has.</summary>
[Collection(nameof(LoadCollection))]
[Trait("Needs", "Program")]
public sealed class LiveLoadTests
{
    private const int Equal = 0;
    private const int NotProved = 5;
    private static readonly TimeSpan EndBudget = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan LeastFollowing = TimeSpan.FromSeconds(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<ulong> TwentySeeds => [.. Enumerable.Range(1, 20).Select(static seed => (ulong)seed)];

    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    public Task Servers_are_equal_after_ten_seconds_of_writes(ulong seed) =>
        MigrateUnderWritesAsync(new KeySpace(seed, 50_000, Databases: 3), TimeSpan.FromSeconds(10));

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(TwentySeeds))]
    public Task Servers_are_equal_after_a_minute_of_writes(ulong seed) =>
        MigrateUnderWritesAsync(new KeySpace(seed, 200_000, Databases: (int)(1 + (seed % 3))), TimeSpan.FromSeconds(60));

    [Theory]
    [InlineData(ServerKind.Redis60, ServerKind.Redis80)]
    [InlineData(ServerKind.Machine, ServerKind.Valkey81)]
    [InlineData(ServerKind.Redis80, ServerKind.Redis80)]
    [InlineData(ServerKind.Valkey81, ServerKind.Valkey81)]
    public async Task Servers_of_other_versions_are_equal_after_writes(ServerKind source, ServerKind target)
    {
        await using var pair = await LoadedPair.StartAsync(source, target, new KeySpace(Seed: 108, Count: 20_000, Databases: 2), Stop);
        await MigrateUnderWritesAsync(pair, TimeSpan.FromSeconds(4), Equal);
    }

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(ServerMatrix.OrderedPairs), MemberType = typeof(ServerMatrix))]
    public async Task Servers_of_every_pair_are_equal_after_writes(ServerKind source, ServerKind target)
    {
        await using var pair = await LoadedPair.StartAsync(source, target, new KeySpace(Seed: 109, Count: 10_000, Databases: 2), Stop);
        await MigrateUnderWritesAsync(pair, TimeSpan.FromSeconds(2), Equal);
    }

    /// <summary>The verify repairs what it finds; here it does not run, so that nothing but the capture and the lanes can have made both sides equal.</summary>
    [Fact]
    public Task Servers_are_equal_without_a_verify() =>
        MigrateUnderWritesAsync(new KeySpace(Seed: 107, Count: 50_000, Databases: 2), TimeSpan.FromSeconds(8), NotProved, "--no-verify");

    [Fact]
    public async Task Keys_of_every_shape_and_size_arrive_with_their_expiries()
    {
        await using var pair = await LoadedPair.StartAsync(new KeySpace(Seed: 103, Count: 20_000, Databases: 16), Stop);
        await new BigKeys(pair.Source, seed: 103).FillAsync(elements: 50_000, stringBytes: 20_000_000, Stop);

        await using var run = pair.Migrate("--until-idle", "1s");
        var outcome = await run.EndAsync(EndBudget);

        Assert.True(outcome == 0, run.Output);
        await pair.AssertEqualAsync(run.Output, Stop);
        Assert.Equal(20_000 + BigKeys.Count, await pair.Target.KeyCountAsync());
    }

    [Fact]
    public async Task Half_a_million_piped_sets_arrive()
    {
        const int count = 500_000;
        await using var pair = await LoadedPair.StartAsync(new KeySpace(Seed: 104, Count: 1000), Stop);
        await using var run = pair.Migrate("--until-idle", "3s");
        await run.WaitForAsync("phase following", EndBudget);

        await PipedSets.SendAsync(pair.SourcePort, count, Stop);

        Assert.True(await run.EndAsync(EndBudget) == 0, run.Output);
        Assert.Equal(count + 1000, await pair.Target.KeyCountAsync());
        await pair.AssertEqualAsync(run.Output, Stop);
    }

    [Fact]
    public async Task Hot_key_is_moved_far_less_often_than_it_is_written()
    {
        const int writes = 100_000;
        await using var pair = await LoadedPair.StartAsync(new KeySpace(Seed: 105, Count: 1000), Stop);
        await using var run = pair.Migrate("--until-idle", "3s");
        await run.WaitForAsync("phase following", EndBudget);
        var before = await MovesAsync();

        Assert.Equal(writes, await new HotKeyWriter(pair.Source, "hot").RunAsync(writes, Stop));

        Assert.True(await run.EndAsync(EndBudget) == 0, run.Output);
        var moves = await MovesAsync() - before;
        Assert.Equal(writes, (long)await pair.Target.Database().StringGetAsync("hot"));
        Assert.True(moves < writes / 5, $"The hot key was moved {moves:N0} times for {writes:N0} writes.");
        Assert.True(moves > 0, "The hot key was not moved.");
        TestContext.Current.SendDiagnosticMessage($"{moves:N0} moves for {writes:N0} writes");

        async Task<long> MovesAsync() =>
            await LoadedPair.CallsAsync(pair.Target, "restore") + await LoadedPair.CallsAsync(pair.Target, "mset");
    }

    [Fact]
    public async Task Silent_changes_of_streams_are_found_by_the_verify_at_the_end()
    {
        await using var pair = await LoadedPair.StartAsync(new KeySpace(Seed: 106, Count: 10_000), Stop);
        await using var run = pair.Migrate("--until-idle", "3s");
        await run.WaitForAsync("phase following", EndBudget);

        // XREADGROUP by a known consumer and XACK raise no event; everything else of the mix does.
        await pair.Writer(new WriterOptions(WritesPerSecond: 3000, Seed: 106, SilentStreamCommands: true))
            .RunAsync(TimeSpan.FromSeconds(3), Stop);
        await pair.LetShortLivesEndAsync(Stop);

        Assert.True(await run.EndAsync(EndBudget) == 0, run.Output);
        await pair.AssertEqualAsync(run.Output, Stop);
    }

    private static async Task MigrateUnderWritesAsync(KeySpace keys, TimeSpan duration, int wanted = Equal, params string[] options)
    {
        await using var pair = await LoadedPair.StartAsync(keys, Stop);
        await MigrateUnderWritesAsync(pair, duration, wanted, options);
    }

    [Fact]
    public async Task Servers_are_equal_after_writes_when_every_key_gets_another_name()
    {
        await using var pair = await LoadedPair.StartAsync(new KeySpace(Seed: 110, Count: 20_000, Databases: 2), Stop);
        await MigrateUnderWritesAsync(pair, TimeSpan.FromSeconds(4), Equal, prefix: "moved:", ["--rename-prefix", "=moved:"]);
    }

    private static Task MigrateUnderWritesAsync(LoadedPair pair, TimeSpan duration, int wanted, params string[] options) =>
        MigrateUnderWritesAsync(pair, duration, wanted, prefix: "", options);

    private static async Task MigrateUnderWritesAsync(LoadedPair pair, TimeSpan duration, int wanted, string prefix, string[] options)
    {
        var load = new WriterOptions(WritesPerSecond: 5000, pair.Keys.Seed, FieldExpiries: await pair.KnowsFieldExpiriesAsync());
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var watch = Stopwatch.StartNew();
        var writer = pair.Writer(load).RunAsync(duration: null, writing.Token);
        await using var run = pair.Migrate(["--until-idle", "2s", .. options]);
        await run.WaitForAsync("phase following", EndBudget);

        // However busy the machine: the writes go on during the copy and for a while after it.
        await Task.Delay(TimeSpan.FromTicks(Math.Max(LeastFollowing.Ticks, (duration - watch.Elapsed).Ticks)), Stop);
        await writing.CancelAsync();
        var tally = await writer;
        var wrote = watch.Elapsed;
        await pair.LetShortLivesEndAsync(Stop);

        var outcome = await run.EndAsync(EndBudget);
        var context = $"seed {pair.Keys.Seed}\n{run.Output}";
        Assert.True(outcome == wanted, context);
        Assert.Equal(0, tally.Lost);
        Assert.True(
            tally.Accepted > wrote.TotalSeconds * 3000,
            $"Only {tally.Accepted} writes: this machine is too busy to judge. {context}"
        );
        await pair.AssertEqualAsync(context, Stop, prefix);
    }
}
