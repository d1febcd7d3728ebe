using System.Text;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Versions;

/// <summary>Values of a real module (RediSearch 1.2, as Debian packages it): they arrive where both sides have it, whatever their size; where the target lacks it, they are found before the start.</summary>
public sealed class ModuleTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ServerKind.Redis60, ServerKind.Redis60)]
    [InlineData(ServerKind.Machine, ServerKind.Redis80)]
    public async Task Small_and_large_values_arrive_where_both_sides_have_the_module(ServerKind from, ServerKind to)
    {
        await using var source = await StartAsync(from);
        await using var target = await StartAsync(to);
        var left = (await source.ConnectAsync()).GetDatabase();
        await FillAsync(left);
        await left.KeyExpireAsync("suggestions", TimeSpan.FromHours(1));
        Assert.True((long)await left.ExecuteAsync("MEMORY", "USAGE", "ft:index/word") > 2 << 20, "it has to be large");

        using var run = EngineRun.Start(Options(source, target), Stop);
        var report = await EndAsync(run);

        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        var right = (await target.ConnectAsync()).GetDatabase();
        Assert.Equal((long)await left.ExecuteAsync("DBSIZE"), (long)await right.ExecuteAsync("DBSIZE"));
        foreach (var key in (string[])["suggestions", "ft:index/word", "ft:index/other"])
        {
            Assert.Equal((string?)await left.ExecuteAsync("TYPE", key), (string?)await right.ExecuteAsync("TYPE", key));
            Assert.Equal((await left.KeyDumpAsync(key))?[..^10], (await right.KeyDumpAsync(key))?[..^10]);
            Assert.Equal((await left.KeyTimeToLiveAsync(key)).HasValue, (await right.KeyTimeToLiveAsync(key)).HasValue);
        }

        Assert.Equal("hello", (string?)((RedisResult[]?)await right.ExecuteAsync("FT.SUGGET", "suggestions", "hell"))?[0]);
        Assert.Contains(report.Moved.Biggest, static key => key.Key.Name.Shown() == "ft:index/word");
    }

    [Theory]
    [InlineData(ServerKind.Machine, ServerKind.Redis60)]
    [InlineData(ServerKind.Redis80, ServerKind.Valkey81)]
    public async Task Where_the_target_lacks_the_module_its_keys_are_named_before_the_start_or_left_out(ServerKind from, ServerKind to)
    {
        await using var source = await StartAsync(from);
        await using var target = await RedisServer.StartAsync(to);
        var left = (await source.ConnectAsync()).GetDatabase();
        await FillAsync(left, documents: 1);
        await left.StringSetAsync("plain", 1);
        using (var run = EngineRun.Start(Options(source, target), Stop))
        {
            var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);

            Assert.Equal(FailureKind.Refused, refused.Kind);
            Assert.True(
                refused.Saw.Contains("1 key: the target does not read the source's values of type trietype0", StringComparison.Ordinal),
                refused.Saw
            );
            Assert.Contains(
                "2 keys: the target does not read the source's values of type ft_invidx",
                refused.Saw,
                StringComparison.Ordinal
            );
        }

        using var second = EngineRun.Start(Options(source, target) with { UnsupportedKeys = UnsupportedKeys.LeaveOut }, Stop);
        var report = await EndAsync(second);

        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{second.Log}");
        Assert.Equal(3, report.LeftOut.Values.Sum());
        Assert.Equal(1, (long)await target.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task A_value_that_is_longer_than_the_target_takes_in_a_command_is_refused_and_nothing_else()
    {
        await using var source = await StartAsync(ServerKind.Machine);
        await using var target = await StartAsync(ServerKind.Machine, "--proto-max-bulk-len", "1mb");
        var left = (await source.ConnectAsync()).GetDatabase();
        await FillAsync(left);
        await left.StringSetAsync("plain", 1);

        using var run = EngineRun.Start(Options(source, target), Stop);
        var report = await EndAsync(run);

        Assert.True(report.Verdict == Verdict.Different, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        Assert.Contains(report.Reasons, static reason => reason.Contains("proto-max-bulk-len", StringComparison.Ordinal));
        Assert.Equal(2, (long)await target.CommandAsync("DBSIZE"));
    }

    private static async Task<MigrationReport> EndAsync(EngineRun run)
    {
        if (await Task.WhenAny(run.Ended, Task.Delay(TimeSpan.FromSeconds(60), Stop)) != run.Ended)
        {
            Assert.Fail($"The run did not end: {run.Run.Progress}\n{run.Log}");
        }

        return await run.Ended;
    }

    private static Task<RedisServer> StartAsync(ServerKind kind, params string[] more) =>
        RedisServer.StartAsync(kind, [.. more, "--loadmodule", ServerBinary.SearchModule()]);

    /// <summary>A dictionary of suggestions, and an index of two words whose places in the text vary, so that what is kept of them is not compressed away.</summary>
    private static async Task FillAsync(IDatabase database, int documents = 150)
    {
        foreach (var word in (string[])["hello", "help", "other"])
        {
            await database.ExecuteAsync("FT.SUGADD", "suggestions", word, 1);
        }

        await database.ExecuteAsync("FT.CREATE", "index", "SCHEMA", "text", "TEXT");
        var random = new Random(1);
        for (var i = 0; i < documents; i++)
        {
            var text = new StringBuilder();
            for (var k = 0; k < 40_000; k++)
            {
                _ = text.Append(random.Next(2) == 0 ? "word " : "other ");
            }

            await database.ExecuteAsync("FT.ADD", "index", $"document{i}", 1, "NOSAVE", "FIELDS", "text", text.ToString());
        }

        // Without it nobody goes on working at what belongs to it.
        _ = await database.KeyDeleteAsync("idx:index");
    }

    private static MigrationOptions Options(RedisServer source, RedisServer target) =>
        new()
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            Mode = MigrationMode.Snapshot,
        };
}
