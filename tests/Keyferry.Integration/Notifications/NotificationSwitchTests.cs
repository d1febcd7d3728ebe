using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.State;

namespace Keyferry.Integration.Notifications;

public sealed class NotificationSwitchTests : IDisposable
{
    private readonly MemoryRunStore _store = new(TimeProvider.System);
    private readonly CancellationToken _stop = TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    [Theory]
    [MemberData(nameof(ServerMatrix.All), MemberType = typeof(ServerMatrix))]
    public async Task What_is_missing_is_added_and_exactly_the_old_value_comes_back(ServerKind kind)
    {
        await using var server = await RedisServer.StartAsync(kind);
        foreach (var (set, during) in new[] { ("", "AE"), ("Ex", "AE"), ("lK", "AK"), ("lKm", "AKm"), ("gxKE", "AKE"), ("A", "AE") })
        {
            await server.SetFlagsAsync(set);
            var before = await server.FlagsAsync();
            var flags = Switch(server, run: 1);
            var source = await flags.EnsureAsync(_stop);
            Assert.True(source.Changed);
            Assert.Equal(before, source.Before);
            Assert.True(NotificationFlags.Parse(during) == NotificationFlags.Parse(await server.FlagsAsync()), before);
            Assert.Equal(during.Contains('K') && !during.Contains('E') ? ChannelFamily.Key : ChannelFamily.Event, source.Family);
            Assert.Equal(before, Assert.Single(_store.OpenLeases()).Before);

            var again = await flags.EnsureAsync(_stop);
            Assert.False(again.Changed);
            Assert.Single(_store.OpenLeases());

            Assert.Equal(LeaseOutcomeKind.PutBack, Assert.Single(await flags.RestoreAsync(_stop)).Kind);
            Assert.Equal(before, await server.FlagsAsync());
            Assert.Empty(_store.OpenLeases());
            Assert.Empty(await flags.RestoreAsync(_stop));
        }
    }

    [Fact]
    public async Task Flags_that_suffice_are_left_alone()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await server.SetFlagsAsync("KEAm");
        var flags = Switch(server, run: 1);
        Assert.False((await flags.EnsureAsync(_stop)).Changed);
        Assert.Empty(_store.OpenLeases());
        Assert.Equal("AKEm", await server.FlagsAsync());
    }

    [Fact]
    public async Task What_somebody_changed_meanwhile_stays()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await server.SetFlagsAsync("Ex");
        var flags = Switch(server, run: 1);
        await flags.EnsureAsync(_stop);
        await server.SetFlagsAsync("AKE");
        var outcome = Assert.Single(await flags.RestoreAsync(_stop));
        Assert.Equal(LeaseOutcomeKind.ChangedByOthers, outcome.Kind);
        Assert.Contains("\"xE\"", outcome.Words, StringComparison.Ordinal);
        Assert.Equal("AKE", await server.FlagsAsync());
        Assert.Empty(_store.OpenLeases());
    }

    [Fact]
    public async Task A_restart_forgets_the_flags_and_they_are_set_anew_with_one_lease_open()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "x");
        var flags = Switch(server, run: 1);
        await flags.EnsureAsync(_stop);
        await server.RestartAsync();
        Assert.True((await flags.EnsureAsync(_stop)).Changed);
        Assert.Equal("x", Assert.Single(_store.OpenLeases()).Before);
        await server.RestartAsync();
        Assert.Equal(LeaseOutcomeKind.NothingToDo, Assert.Single(await flags.RestoreAsync(_stop)).Kind);
        Assert.Equal("x", await server.FlagsAsync());
    }

    [Fact]
    public async Task The_lease_of_a_run_that_was_killed_is_undone_by_the_next()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "Ex");
        await Switch(server, run: 1).EnsureAsync(_stop);
        var next = Switch(server, run: 2);
        Assert.False((await next.EnsureAsync(_stop)).Changed);
        await next.RestoreAsync(_stop);
        Assert.Equal("xE", await server.FlagsAsync());
    }

    [Fact]
    public async Task A_lease_taken_by_hand_outlives_a_run()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        var byHand = Switch(server, run: null);
        await byHand.EnsureAsync(_stop);
        var run = Switch(server, run: 1);
        await run.EnsureAsync(_stop);
        Assert.Empty(await run.RestoreAsync(_stop));
        Assert.Equal("AE", await server.FlagsAsync());
        await byHand.RestoreAsync(_stop);
        Assert.Equal("", await server.FlagsAsync());
    }

    [Fact]
    public async Task A_server_without_CONFIG_is_tried_out_and_the_remedy_says_where_to_set_it()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--rename-command", "CONFIG", "");
        var refused = await Assert.ThrowsAsync<KeyferryException>(async () => await Switch(server, run: 1).EnsureAsync(_stop));
        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("no CONFIG command", refused.Saw, StringComparison.Ordinal);
        Assert.Contains("parameter group", refused.Remedy, StringComparison.Ordinal);
        Assert.Contains("notify-keyspace-events AE", refused.Remedy, StringComparison.Ordinal);
        Assert.Equal(0, (long)await server.CommandAsync("DBSIZE"));
        Assert.Empty(_store.OpenLeases());
    }

    [Theory]
    [InlineData("AE", 'E')]
    [InlineData("AK", 'K')]
    [InlineData("AKE", 'E')]
    public async Task A_server_without_CONFIG_whose_flags_suffice_is_used(string flags, char family)
    {
        await using var server = await RedisServer.StartAsync(
            ServerKind.Machine,
            "--rename-command",
            "CONFIG",
            "",
            "--notify-keyspace-events",
            flags
        );
        var source = await Switch(server, run: 1).EnsureAsync(_stop);
        Assert.Equal(family, source.Family.Letter());
        Assert.False(source.Changed);
        Assert.Null(source.Now);
        Assert.Null(source.Doubt);
        Assert.Equal(0, (long)await server.CommandAsync("DBSIZE"));
    }

    [Theory]
    [MemberData(nameof(ServerMatrix.All), MemberType = typeof(ServerMatrix))]
    public async Task A_user_who_may_read_but_not_set_is_told_which_right_is_missing(ServerKind kind)
    {
        await using var server = await RedisServer.StartAsync(kind);
        await server.CommandAsync("ACL", "SETUSER", "src", "on", ">pw", "~*", "+@all", "-config", "+config|get");
        var refused = await Assert.ThrowsAsync<KeyferryException>(async () => await Switch(server, run: 1, user: "src").EnsureAsync(_stop));
        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("+config|set", refused.Remedy, StringComparison.Ordinal);
        Assert.Contains("CONFIG SET notify-keyspace-events AE", refused.Remedy, StringComparison.Ordinal);
        Assert.Empty(_store.OpenLeases());
        Assert.Equal("", await server.FlagsAsync());
    }

    [Fact]
    public async Task Where_neither_reading_nor_writing_is_allowed_the_doubt_is_told()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "AE");
        await server.CommandAsync("ACL", "SETUSER", "src", "on", ">pw", "~*", "&*", "+@read", "+ping", "+psubscribe");
        var source = await Switch(server, run: 1, user: "src").EnsureAsync(_stop);
        Assert.Contains("NOPERM", source.Doubt, StringComparison.Ordinal);
        Assert.Equal(ChannelFamily.Event, source.Family);
    }

    [Fact]
    public async Task A_server_that_is_away_leaves_the_lease_open()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "Ex");
        var flags = Switch(server, run: 1);
        await flags.EnsureAsync(_stop);
        await server.KillAsync();
        Assert.Equal(LeaseOutcomeKind.Unreachable, Assert.Single(await flags.RestoreAsync(_stop)).Kind);
        Assert.Single(_store.OpenLeases());
        await server.RestartAsync();
        await server.SetFlagsAsync("AE");
        Assert.Equal(LeaseOutcomeKind.PutBack, Assert.Single(await flags.RestoreAsync(_stop)).Kind);
        Assert.Equal("xE", await server.FlagsAsync());
    }

    private NotificationSwitch Switch(RedisServer server, long? run, string? user = null)
    {
        var connector = Connectors.To(server, user);
        return new NotificationSwitch(connector, _store, run, new NotificationTest(connector, new Random(7), TimeProvider.System));
    }
}
