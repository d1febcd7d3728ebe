using System.Text;
using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Notifications;

namespace Keyferry.Integration.Notifications;

/// <summary>Probe, test and watch against real servers.</summary>
public sealed class NotificationTestTests
{
    private readonly CancellationToken _stop = TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(ServerMatrix.All), MemberType = typeof(ServerMatrix))]
    public async Task Every_class_is_told_and_nothing_is_left_behind(ServerKind kind)
    {
        await using var server = await RedisServer.StartAsync(kind, "--notify-keyspace-events", "AKE");
        var result = await Test(server, database: 5).RunAsync(_stop);
        Assert.Null(result.Unproved);
        Assert.Equal("g$lshztxed", string.Concat(result.Classes.Select(static one => one.Letter)));
        Assert.All(
            result.Classes,
            static one =>
            {
                Assert.Equal(one.NotTested is null, one.Comes);
                Assert.Equal(one.NotTested is null ? 2 : 0, one.Families.Count);
            }
        );
        Assert.Equal("ed", string.Concat(result.Classes.Where(static one => one.NotTested is not null).Select(static one => one.Letter)));
        Assert.Equal(ChannelFamily.Event, result.Family);
        var client = await server.ConnectAsync();
        Assert.Equal(0, await client.GetServer("127.0.0.1", server.Port).DatabaseSizeAsync(5));
    }

    [Theory]
    [InlineData("", "g$lshztx", null)]
    [InlineData("E$xg", "lshzt", null)]
    [InlineData("AK", "", "K")]
    [InlineData("AE", "", "E")]
    [InlineData("A", "g$lshztx", null)]
    public async Task What_is_not_told_is_named(string flags, string missing, string? family)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", flags);
        var result = await Test(server).RunAsync(_stop);
        Assert.Equal(missing, result.Missing);
        Assert.Equal(family, result.Family?.Letter().ToString());
    }

    [Theory]
    [InlineData("AE", true)]
    [InlineData("K$", true)]
    [InlineData("", false)]
    [InlineData("Kl", false)]
    public async Task The_probe_proves_what_is_so(string flags, bool proved)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", flags);
        var result = await new NotificationProbe(Connectors.To(server), new Random(7), TimeProvider.System).RunAsync(_stop);
        Assert.Equal(proved, result.Proved);
        Assert.InRange(result.Latency, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(0, (long)await server.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task A_user_who_may_not_write_proves_nothing()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "AE");
        await server.CommandAsync("ACL", "SETUSER", "src", "on", ">pw", "~*", "&*", "+@read", "+ping", "+psubscribe");
        var connector = Connectors.To(server, "src");
        var result = await new NotificationProbe(connector, new Random(7), TimeProvider.System).RunAsync(_stop);
        Assert.False(result.Proved);
        Assert.Contains("NOPERM", result.Words, StringComparison.Ordinal);
        var test = await new NotificationTest(connector, new Random(7), TimeProvider.System).RunAsync(_stop);
        Assert.Contains("NOPERM", test.Unproved, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AE")]
    [InlineData("AK")]
    [InlineData("AKE")]
    public async Task Watching_shows_each_event_once_with_database_and_key(string flags)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", flags);
        var client = await server.ConnectAsync();
        await using var events = new NotificationWatch(Connectors.To(server), TimeProvider.System)
            .WatchAsync(family: null, _stop)
            .GetAsyncEnumerator(_stop);
        var first = events.MoveNextAsync();
        string[] names = ["plain", "with:colon__:@3__", "line\nbreak", ""];
        while (!first.IsCompleted)
        {
            await client.GetDatabase(0).StringSetAsync("begin", "1");
            await Task.Delay(10, _stop);
        }

        Assert.True(await first);
        foreach (var name in names)
        {
            await client.GetDatabase(12).StringSetAsync(name, "1");
        }

        var seen = new List<string>();
        while (seen.Count < names.Length && await events.MoveNextAsync())
        {
            var heard = events.Current;
            if (heard.Database == 12)
            {
                Assert.Equal("set", heard.What);
                seen.Add(Encoding.UTF8.GetString(heard.Key.Span));
            }
        }

        Assert.Equal(names, seen);
    }

    [Fact]
    public async Task A_watch_whose_server_ends_says_so()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await using var events = new NotificationWatch(Connectors.To(server), TimeProvider.System)
            .WatchAsync(ChannelFamily.Event, _stop)
            .GetAsyncEnumerator(_stop);
        var first = events.MoveNextAsync();
        await Task.Delay(100, _stop);
        await server.KillAsync();
        var lost = await Assert.ThrowsAsync<KeyferryException>(async () => await first);
        Assert.Equal(FailureKind.Unreachable, lost.Kind);
    }

    private static NotificationTest Test(RedisServer server, int? database = null) =>
        new(Connectors.To(server, database: database), new Random(7), TimeProvider.System);
}
