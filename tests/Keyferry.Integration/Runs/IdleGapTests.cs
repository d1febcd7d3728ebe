using Keyferry.Integration.Load;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Traffic;
using StackExchange.Redis;

namespace Keyferry.Integration.Runs;

/// <summary>A gap is closed by comparing the keys that were used since, where the source can prove which those are; where it cannot, all are compared, and the run says why.</summary>
public sealed class IdleGapTests
{
    private const int Keys = 3000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static IEnumerable<ServerKind> Kinds =>
        Enum.GetValues<ServerKind>()
            .Where(static kind => kind != ServerKind.Redis60)
            .Where(static kind => kind is not (ServerKind.Redis86 or ServerKind.Valkey91) || ServerBinary.Exists(kind));

    /// <summary>What takes the proof away, and what the run must say of it.</summary>
    private static readonly (string Why, string[] Commands)[] Spoilers =
    [
        ("child process", ["BGSAVE"]),
        ("CLIENT NO-TOUCH", ["CLIENT NO-TOUCH ON", "CLIENT NO-TOUCH OFF"]),
        ("RESTORE", ["RESTORE old 0 @ IDLETIME 90000"]),
        ("CONFIG SET", ["CONFIG SET maxmemory-policy allkeys-lfu", "CONFIG SET maxmemory-policy noeviction"]),
        ("SWAPDB", ["SWAPDB 3 4"]),
        ("reset", ["CONFIG RESETSTAT"]),
        ("LFU", ["CONFIG SET maxmemory-policy allkeys-lfu"]),
    ];

    /// <summary>Most of the time is spent waiting, so all servers are tried at the same time.</summary>
    [Fact]
    public Task Keys_that_were_idle_since_before_the_gap_are_not_compared() => Task.WhenAll(Kinds.Select(LeavesOutAsync));

    [Fact]
    public Task Where_idle_times_prove_nothing_all_keys_are_compared() =>
        Task.WhenAll(Spoilers.Select(static spoiler => ComparesAllAsync(spoiler.Why, spoiler.Commands)));

    [Fact]
    public async Task A_client_that_hides_its_uses_all_the_time_is_named()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Valkey81);
        await using var target = await RedisServer.StartAsync(ServerKind.Valkey81);
        await using var hiding = await source.ConnectAsync();
        await hiding.GetDatabase().ExecuteAsync("CLIENT", "NO-TOUCH", "ON");
        using var run = await FollowAsync(source, target);

        await hiding.GetDatabase().ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
        await ClosedAsync(run);

        Assert.Contains("hides its uses (CLIENT NO-TOUCH)", run.Log.ToString(), StringComparison.Ordinal);
    }

    private static async Task LeavesOutAsync(ServerKind kind)
    {
        await using var source = await RedisServer.StartAsync(kind);
        await using var target = await RedisServer.StartAsync(kind);
        await using var link = await ServerLink.ConnectAsync(source.Uri);
        using var run = await FollowAsync(source, target);
        // Before 7.2 the copy counts as a use; and the clock of idle times counts seconds.
        await Task.Delay(TimeSpan.FromSeconds(5), Stop);
        var dumped = await LoadedPair.CallsAsync(link, "dump");

        await LoseAsync(source);
        await ClosedAsync(run);

        Assert.Contains("used since (OBJECT IDLETIME)", run.Log.ToString(), StringComparison.Ordinal);
        Assert.InRange(await LoadedPair.CallsAsync(link, "dump") - dumped, 1, 200);
        await using var client = await target.ConnectAsync();
        var there = client.GetDatabase();
        Assert.Equal("changed", await there.StringGetAsync("text:1"));
        Assert.Equal("7", await there.StringGetAsync("new"));
        Assert.False(await there.KeyExistsAsync("text:2"));
        Assert.False(await there.KeyExistsAsync("text:3"));
        Assert.Equal("value 3", await there.StringGetAsync("text:4"));
        await run.FinishAsync();
        Assert.Equal(Verdict.Equal, (await run.Ended).Verdict);
    }

    private static async Task ComparesAllAsync(string why, string[] commands)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Redis80);
        await using var target = await RedisServer.StartAsync(ServerKind.Redis80);
        using var run = await FollowAsync(source, target);

        await LoseAsync(source, commands);
        await ClosedAsync(run);

        Assert.True(run.Log.ToString().Contains("cannot be left out", StringComparison.Ordinal), $"{why}: {run.Log}");
        Assert.Contains(why, run.Log.ToString().Split("cannot be left out")[1].Split('\n')[0], StringComparison.Ordinal);
        await run.FinishAsync();
        Assert.Equal(Verdict.Equal, (await run.Ended).Verdict);
    }

    /// <summary>Begins a run, and waits until it has heard for a while that nothing is changed.</summary>
    private static async Task<EngineRun> FollowAsync(RedisServer source, RedisServer target)
    {
        await using (var client = await source.ConnectAsync())
        {
            var database = client.GetDatabase();
            await Task.WhenAll(Enumerable.Range(0, Keys).Select(i => database.StringSetAsync($"text:{i}", $"value {i}")));
        }

        var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        await Task.Delay(TimeSpan.FromSeconds(4), Stop);
        return run;
    }

    /// <summary>Ends the capture's connection and changes keys in the same breath, so that nobody hears of it.</summary>
    private static async Task LoseAsync(RedisServer source, params string[] more)
    {
        await using var client = await source.ConnectAsync();
        var database = client.GetDatabase();
        var payload = (byte[]?)await database.ExecuteAsync("DUMP", "text:9") ?? [];
        if (more.Contains("BGSAVE"))
        {
            // In a transaction it would only be put off.
            await database.ExecuteAsync("BGSAVE");
        }

        var gap = database.CreateTransaction();
        List<Task> done =
        [
            gap.ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub"),
            gap.StringSetAsync("text:1", "changed"),
            gap.KeyDeleteAsync("text:2"),
            gap.KeyRenameAsync("text:3", "text:4"),
            gap.StringSetAsync("new", 7),
        ];
        foreach (var command in more.Where(static command => command != "BGSAVE"))
        {
            var words = command.Split(' ').Select(word => word == "@" ? (object)payload : word).ToArray();
            done.Add(gap.ExecuteAsync((string)words[0], words[1..]));
        }

        Assert.True(await gap.ExecuteAsync());
        await Task.WhenAll(done);
    }

    private static async Task ClosedAsync(EngineRun run)
    {
        while (run.Run.Progress is { Gaps: 0 } or { OpenGaps: > 0 })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }
    }
}
