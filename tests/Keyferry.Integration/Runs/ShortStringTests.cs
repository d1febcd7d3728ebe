using System.Text;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Payloads;
using Keyferry.Servers;
using StackExchange.Redis;

namespace Keyferry.Integration.Runs;

/// <summary>Strings that are read by MGET, many at a time, and written by MSET where they do not expire; else by RESTORE like everything else.</summary>
public sealed class ShortStringTests
{
    private const int Names = 150;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Lengths on both sides of where the form of a length changes, numbers, and bytes of all sorts.</summary>
    [Theory]
    [MemberData(nameof(ServerMatrix.Required), MemberType = typeof(ServerMatrix))]
    public async Task A_payload_made_of_a_string_is_the_string(ServerKind kind)
    {
        await using var source = await RedisServer.StartAsync(kind);
        await using var target = await RedisServer.StartAsync(kind);
        var (from, to) = ((await source.ConnectAsync()).GetDatabase(), (await target.ConnectAsync()).GetDatabase());
        var format = PayloadFormat.Of(ServerIdentity.Parse((await source.CommandAsync("INFO", "server")).ToString()));
        using var fitter = new PayloadFitter(format, format, shift: 0);
        var dice = new Random(8);
        byte[][] values =
        [
            .. new[] { 0, 1, 2, 43, 44, 45, 63, 64, 65, 16_383, 16_384, 16_385, 100_000 }.Select(length =>
            {
                var bytes = new byte[length];
                dice.NextBytes(bytes);
                return bytes;
            }),
            .. new[] { "0", "-1", "007", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "3.5", " 1" }.Select(
                Encoding.ASCII.GetBytes
            ),
        ];
        for (var i = 0; i < values.Length; i++)
        {
            await from.StringSetAsync($"key:{i}", values[i]);
            var fitted = fitter.FitString(values[i]);
            byte[] payload = [.. fitted.Body, .. fitted.Footer];
            await to.KeyRestoreAsync($"key:{i}", payload);
            Assert.Equal(await EncodingAsync(from, $"key:{i}"), await EncodingAsync(to, $"key:{i}"));
        }

        Assert.Equal(await source.DebugDigestAsync(), await target.DebugDigestAsync());
    }

    /// <summary>The same names are strings, lists, gone, and strings again, in two databases, with expiries and without, while they are moved.</summary>
    [Theory]
    [InlineData(ServerKind.Machine)]
    [InlineData(ServerKind.Valkey81)]
    public async Task Names_whose_type_changes_all_the_time_end_equal(ServerKind kind)
    {
        await using var source = await RedisServer.StartAsync(kind);
        await using var target = await RedisServer.StartAsync(kind);
        await using var client = await source.ConnectAsync();
        var dice = new Random(12);
        await ChurnAsync(client, dice, 2000);
        using var run = EngineRun.Start(new MigrationOptions { Source = source.Endpoint, Target = target.Endpoint }, Stop);
        for (var round = 0; round < 40; round++)
        {
            await ChurnAsync(client, dice, 500);
        }

        await run.ReachAsync(Phase.Following, Stop);
        for (var round = 0; round < 40; round++)
        {
            await ChurnAsync(client, dice, 500);
        }

        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);

        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Equal(await source.DebugDigestAsync(), await target.DebugDigestAsync());
        // One of them is the plan's; its MSET is refused.
        Assert.True(await source.CallsAsync("mget") > 1, "no string was read by MGET");
        Assert.True(await target.CallsAsync("mset") > 1, "no string was written by MSET");
    }

    /// <summary>Strings are read by DUMP then, or written by RESTORE.</summary>
    [Theory]
    [InlineData("mget", "source")]
    [InlineData("mset", "target")]
    public async Task Who_may_not_move_many_at_a_time_moves_each(string command, string role)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var refusing = role == "source" ? source : target;
        await ChurnAsync(await source.ConnectAsync(), new Random(3), 2000);
        _ = await refusing.CommandAsync("ACL", "SETUSER", "mover", "on", "nopass", "~*", "&*", "+@all", $"-{command}");
        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = EndpointOf(source),
                Target = EndpointOf(target),
                Mode = MigrationMode.Snapshot,
            },
            Stop
        );

        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), Stop);

        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Equal(await source.DebugDigestAsync(), await target.DebugDigestAsync());
        Assert.Equal(0, await refusing.CallsAsync(command));

        Endpoint EndpointOf(RedisServer server) =>
            server == refusing ? server.Endpoint with { User = "mover", Password = new Secret("any") } : server.Endpoint;
    }

    private static async Task<string?> EncodingAsync(IDatabase database, RedisKey key) =>
        (string?)await database.ExecuteAsync("OBJECT", "ENCODING", key);

    /// <summary>A command on a key of another type is refused, which is as good as none.</summary>
    private static async Task ChurnAsync(ConnectionMultiplexer client, Random dice, int commands)
    {
        const CommandFlags quickly = CommandFlags.FireAndForget;
        for (var i = 0; i < commands; i++)
        {
            var database = client.GetDatabase(dice.Next(2));
            RedisKey name = $"name:{dice.Next(Names)}";
            TimeSpan? expiry = dice.Next(3) == 0 ? TimeSpan.FromSeconds(3600 + dice.Next(1000)) : null;
            var life = expiry is { } span ? new Expiration(span) : Expiration.Default;
            switch (dice.Next(8))
            {
                case 0 or 1:
                    database.StringSet(name, new string((char)('a' + dice.Next(26)), dice.Next(150)), life, flags: quickly);
                    break;
                case 2:
                    database.StringSet(name, dice.Next(), life, flags: quickly);
                    break;
                case 3 or 4:
                    database.KeyDelete(name, quickly);
                    break;
                case 5 or 6:
                    database.ListLeftPush(name, dice.Next(), flags: quickly);
                    break;
                default:
                    database.KeyExpire(name, expiry, flags: quickly);
                    break;
            }
        }

        _ = await client.GetDatabase().PingAsync();
    }
}
