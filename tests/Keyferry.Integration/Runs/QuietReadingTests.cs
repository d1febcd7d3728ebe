using System.Globalization;
using Keyferry.Integration.Servers;
using Keyferry.Integration.Versions;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Runs;

/// <summary>A run that copies, closes a gap and compares both sides counts as no use of any key, where the source knows CLIENT NO-TOUCH.</summary>
public sealed class QuietReadingTests
{
    private const int IdleSeconds = 5000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<ServerKind, ServerKind> Pairs
    {
        get
        {
            var pairs = new TheoryData<ServerKind, ServerKind>
            {
                { ServerKind.Redis80, ServerKind.Redis80 },
                { ServerKind.Valkey81, ServerKind.Valkey81 },
                { ServerKind.Valkey81, ServerKind.Redis80 },
            };
            if (ServerBinary.Exists(ServerKind.Valkey91))
            {
                pairs.Add(ServerKind.Valkey91, ServerKind.Valkey91);
            }

            if (ServerBinary.Exists(ServerKind.Redis86))
            {
                pairs.Add(ServerKind.Redis86, ServerKind.Redis86);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Copy_rescan_and_comparison_use_no_key(ServerKind sourceKind, ServerKind targetKind)
    {
        await using var source = await RedisServer.StartAsync(sourceKind);
        await using var target = await RedisServer.StartAsync(targetKind);
        await using var client = await source.ConnectAsync();
        var database = client.GetDatabase();
        await AllTypes.FillAsync(database);
        for (var i = 0; i < 500; i++)
        {
            await database.StringSetAsync($"text:{i}", $"value {i}", flags: CommandFlags.FireAndForget);
        }

        var names = await SetIdleAsync(client);
        // A small piece, so that large values go the long way, in pieces.
        var options = new MigrationOptions
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            LargeValue = 20_000,
            Piece = 5_000,
        };
        using var run = EngineRun.Start(options, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        await Task.Delay(TimeSpan.FromSeconds(1.5), Stop);
        await using (var other = await target.ConnectAsync())
        {
            // Something for the rescan and the comparison to look at more closely.
            await other.GetDatabase().StringSetAsync("text:7", "other");
            await other.GetDatabase().SetAddAsync("set:large", "one more");
        }

        await database.ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
        while (run.Run.Progress is { Gaps: 0 } or { OpenGaps: > 0 })
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }

        await run.FinishAsync();
        Assert.Equal(Verdict.Equal, (await run.Ended).Verdict);

        var used = new List<string>();
        foreach (var name in names)
        {
            var idle = (long)await database.ExecuteAsync("OBJECT", "IDLETIME", name);
            if (idle < IdleSeconds)
            {
                used.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {idle}"));
            }
        }

        Assert.Empty(used);
    }

    /// <summary>Idle times are set, not waited for.</summary>
    private static async Task<List<RedisKey>> SetIdleAsync(ConnectionMultiplexer client)
    {
        var database = client.GetDatabase();
        var names = new List<RedisKey>();
        await foreach (var name in client.GetServers()[0].KeysAsync(pageSize: 1000).WithCancellation(Stop))
        {
            names.Add(name);
            var payload = (byte[]?)await database.ExecuteAsync("DUMP", name) ?? [];
            var expiry = (long)await database.ExecuteAsync("PEXPIRETIME", name);
            await database.ExecuteAsync("RESTORE", name, Math.Max(0, expiry), payload, "REPLACE", "ABSTTL", "IDLETIME", IdleSeconds);
        }

        return names;
    }
}
