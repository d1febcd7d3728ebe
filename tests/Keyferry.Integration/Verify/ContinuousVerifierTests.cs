using System.Globalization;
using Keyferry.Integration.Servers;
using Keyferry.Verify;
using StackExchange.Redis;

namespace Keyferry.Integration.Verify;

/// <summary>The comparison beside a run: what it owes the application, and what it owes whoever waits for it.</summary>
public sealed class ContinuousVerifierTests
{
    private const int Keys = 20_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_waits_for_the_comparison_does_not_wait_for_its_rests()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await FillAsync(pair);
        var touched = new Queue<IEnumerable<string>>([Enumerable.Range(0, Keys).Select(static i => $"key:{i}")]);
        await using var verifier = Verifier(pair, new TouchedWatch(() => touched.TryDequeue(out var keys) ? keys : []));
        using var verifying = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = verifier.RunAsync(verifying.Token);

        // With its rests, walk and round would go on for a minute.
        await Task.Delay(TimeSpan.FromMilliseconds(500), Stop);
        Assert.False(verifier.Coverage.IsComplete);
        verifier.Hurry = true;
        var (_, unequal) = await verifier.RoundAsync(settle: true, Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Stop);
        while (!verifier.Coverage.IsComplete || verifier.Coverage.Unproved > 0)
        {
            await Task.Delay(20, Stop).WaitAsync(TimeSpan.FromSeconds(10), Stop);
        }

        Assert.Equal(0, unequal);
        await verifying.CancelAsync();
        await running;
    }

    /// <summary>By fingerprints of 100 keys a call, and by payloads. Where all values are alike, an answer that is taken for another one's shows in nothing but this.</summary>
    [Theory]
    [InlineData(ServerKind.Machine, ServerKind.Machine)]
    [InlineData(ServerKind.Machine, ServerKind.Redis80)]
    public async Task A_walk_with_rests_compares_every_key_and_keeps_its_connections(ServerKind source, ServerKind target)
    {
        const int count = 1_000;
        const int different = 50;
        await using var pair = await VerifyPair.StartAsync(source, target);
        await FillAsync(pair, count);
        await pair.OnTargetAsync(
            string.Join('\n', Enumerable.Range(0, different).Select(static i => $"SET key:{(i * count / different) + 7} other"))
        );
        await using var verifier = Verifier(pair, new TouchedWatch(static () => []));
        using var verifying = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var before = await ConnectionsAsync(pair.SourceClient);
        var running = verifier.RunAsync(verifying.Token);

        await CompleteAsync(verifier).WaitAsync(TimeSpan.FromSeconds(30), Stop);
        for (var i = 0; verifier.Coverage.Different < different && i < 1_000; i++)
        {
            await Task.Delay(20, Stop);
        }

        Assert.Equal(different, verifier.Coverage.Different);
        Assert.InRange(await ConnectionsAsync(pair.SourceClient) - before, 1, 6);
        await verifying.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Touched_keys_count_as_compared_page_by_page_not_with_the_last_of_a_round()
    {
        const int count = 2_000;
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await FillAsync(pair);
        var touched = new Queue<IEnumerable<string>>([Enumerable.Range(0, count).Select(static i => $"key:{i}")]);
        await using var verifier = Verifier(pair, new TouchedWatch(() => touched.TryDequeue(out var keys) ? keys : []));
        using var verifying = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = verifier.RunAsync(verifying.Token);
        var seen = new HashSet<int>();
        while (verifier.Coverage.Unproved > 0 || !seen.Any(static unproved => unproved > 0))
        {
            _ = seen.Add(verifier.Coverage.Unproved);
            await Task.Delay(1, Stop);
        }

        Assert.True(seen.Count(static unproved => unproved is > 0 and < count) > 3, string.Join(' ', seen));
        await verifying.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Coverage_that_was_lost_is_won_again_without_waiting_for_the_next_pass()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync("SET a 1");
        await using var verifier = Verifier(pair, new TouchedWatch(static () => []));
        using var verifying = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = verifier.RunAsync(verifying.Token);
        await CompleteAsync(verifier);

        verifier.Coverage.Void("a gap");
        await CompleteAsync(verifier).WaitAsync(TimeSpan.FromSeconds(5), Stop);

        await verifying.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Difference_that_stays_is_looked_at_again_and_told()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync("SET a 1");
        await pair.OnTargetAsync("SET a 2");
        var watch = new TouchedWatch(static () => []);
        await using var verifier = Verifier(pair, watch);
        using var verifying = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = verifier.RunAsync(verifying.Token);
        while (verifier.Coverage.Different == 0)
        {
            await Task.Delay(20, Stop);
        }

        Assert.True(watch.LookedAgain > 0);
        await pair.OnTargetAsync("SET a 1");
        while (verifier.Coverage.Different > 0)
        {
            await Task.Delay(20, Stop);
        }

        await verifying.CancelAsync();
        await running;
    }

    private static ContinuousVerifier Verifier(VerifyPair pair, TouchedWatch watch) =>
        new(
            VerifyPair.Connector(pair.SourceServer.Endpoint, "source"),
            VerifyPair.Connector(pair.TargetServer.Endpoint, "target"),
            new VerifyOptions(),
            watch,
            TimeProvider.System
        );

    private static async Task<long> ConnectionsAsync(IConnectionMultiplexer client)
    {
        var stats = await client.GetServers()[0].InfoAsync("stats");
        return long.Parse(stats.SelectMany(static part => part).ToDictionary()["total_connections_received"], CultureInfo.InvariantCulture);
    }

    private static async Task CompleteAsync(ContinuousVerifier verifier)
    {
        while (!verifier.Coverage.IsComplete)
        {
            await Task.Delay(20, Stop);
        }
    }

    private static async Task FillAsync(VerifyPair pair, int keys = Keys)
    {
        const string script = "for i=0,ARGV[1]-1 do redis.call('SET','key:'..i,string.rep('v',500)) end";
        foreach (var client in new[] { pair.SourceClient, pair.TargetClient })
        {
            _ = await client.GetDatabase().ScriptEvaluateAsync(script, [], [keys]);
        }
    }
}
