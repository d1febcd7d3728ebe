using Keyferry.Capture;
using Keyferry.Contracts;
using Keyferry.Integration.Notifications;
using Keyferry.Integration.Servers;
using Keyferry.Notifications;
using Keyferry.Queue;
using Keyferry.State;
using StackExchange.Redis;

namespace Keyferry.Integration.Capture;

/// <summary>Each thing that no event tells, on a real server: it is seen at the next look, and its gap has the smallest scope that covers it.</summary>
public sealed class SourceWatchTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("FLUSHALL", "FLUSHALL")]
    [InlineData("FLUSHDB", "FLUSHDB")]
    [InlineData("SWAPDB 0 1", "SWAPDB")]
    [InlineData("DEBUG POPULATE 3 made", "DEBUG")]
    [InlineData("CONFIG SET notify-keyspace-events Kx", "notification flags")]
    [InlineData("REPLICAOF 127.0.0.1 1", "failed over")]
    [InlineData("CONFIG RESETSTAT", "counts of commands were reset")]
    public async Task What_may_concern_every_key_is_a_gap_over_all_of_them(string command, string reason)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await using var watched = await Watched.BeginAsync(server);

        await watched.ExecuteAsync(command);
        await watched.LookAsync();

        Assert.Contains(watched.Sink.Losses, loss => loss.Contains(reason, StringComparison.Ordinal));
        var seen = watched.Sink.Losses.Count;
        await watched.LookAsync();
        Assert.Equal(seen, watched.Sink.Losses.Count);
    }

    [Theory]
    [InlineData("XREADGROUP GROUP group anna STREAMS stream >")]
    [InlineData("XACK stream group 1-1")]
    [InlineData("XCLAIM stream group bob 0 1-1")]
    [InlineData("XAUTOCLAIM stream group bob 0 0")]
    public async Task A_silent_change_of_a_group_is_a_gap_over_streams_alone(string command)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await using var watched = await Watched.BeginAsync(server);

        await watched.ExecuteAsync(command);
        await watched.LookAsync();

        Assert.Equal((1, GapScope.Streams), (watched.Gaps.Pending, watched.Gaps.PendingScope));
        Assert.Empty(watched.Sink.Losses);
    }

    /// <summary>A silent write whose count is gone before the next look.</summary>
    [Theory]
    [InlineData("FLUSHALL")]
    [InlineData("XACK stream group 1-1")]
    public async Task What_ran_before_the_counts_were_reset_is_a_gap_over_all_keys(string command)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await using var watched = await Watched.BeginAsync(server);

        await watched.ExecuteAsync(command);
        await watched.ExecuteAsync("CONFIG RESETSTAT");
        await watched.LookAsync();

        Assert.Contains(watched.Sink.Losses, static loss => loss.Contains("reset", StringComparison.Ordinal));
    }

    /// <summary>Servers that have vector sets count their commands as VADD, and raise no event for them.</summary>
    [Theory]
    [InlineData("VADD vectors VALUES 2 1 2 one")]
    [InlineData("VREM vectors zero")]
    [InlineData("VSETATTR vectors zero {}")]
    public async Task A_change_of_a_vector_set_is_a_gap(string command)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Redis80);
        await using (var client = await server.ConnectAsync())
        {
            _ = await client.GetDatabase().ExecuteAsync("VADD", "vectors", "VALUES", 2, 3, 4, "zero");
        }

        await using var watched = await Watched.BeginAsync(server);
        await watched.ExecuteAsync(command);
        await watched.LookAsync();

        Assert.Contains(watched.Sink.Losses, loss => loss.Contains(command.Split(' ')[0], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Flags_that_somebody_has_put_right_end_the_blind_time()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        _ = await server.CommandAsync("ACL", "SETUSER", "src", "on", ">pw", "~*", "&*", "+@all", "-config|set");
        await using var watched = await Watched.BeginAsync(server, prepare: false, user: "src");
        // The time of the last reading is told in seconds.
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);
        var read = TimeProvider.System.GetUtcNow();
        await watched.LookAsync();

        await watched.ExecuteAsync("CONFIG SET notify-keyspace-events Kx");
        await watched.LookAsync();
        await watched.ExecuteAsync("CONFIG SET notify-keyspace-events AE");
        await watched.LookAsync();
        await watched.LookAsync();

        var silent = Assert.Single(
            watched.Sink.Losses,
            static loss => loss.Contains("any more, and last did at", StringComparison.Ordinal)
        );
        Assert.True(string.CompareOrdinal(silent.Split("last did at ")[1], $"{read:u}") >= 0, $"{silent}, read at {read:u}");
        _ = Assert.Single(
            watched.Sink.Losses,
            static loss => loss.Contains("did not tell of every change between", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_source_that_is_not_listened_to_any_more_is_not_tried()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        _ = await server.CommandAsync("ACL", "SETUSER", "src", "on", ">pw", "~*", "&*", "+@all", "-config|set");
        await using var watched = await Watched.BeginAsync(server, prepare: false, user: "src");

        await watched.EndAsync();
        await watched.ExecuteAsync("CONFIG SET notify-keyspace-events Kx");
        await watched.AskFlagsAsync();

        Assert.Empty(watched.Sink.Losses);
    }

    /// <summary>Between two looks: nothing but the source's counts tells. Before 7.0 they do not tell who reads from who writes.</summary>
    [Theory]
    [InlineData(ServerKind.Machine, null)]
    [InlineData(ServerKind.Machine, "-config")]
    [InlineData(ServerKind.Redis60, null)]
    [InlineData(ServerKind.Redis60, "-config")]
    [InlineData(ServerKind.Valkey81, "-config")]
    public async Task Flags_that_were_off_and_are_on_again_are_a_gap(ServerKind kind, string? denied)
    {
        await using var server = await RedisServer.StartAsync(kind, "--notify-keyspace-events", "AE");
        string[] channels = kind == ServerKind.Redis60 ? [] : ["&*"];
        _ = await server.CommandAsync("ACL", ["SETUSER", "src", "on", ">pw", "~*", .. channels, "+@all", denied ?? "+config"]);
        await using var watched = await Watched.BeginAsync(server, prepare: false, user: "src");
        await watched.LookAsync();
        Assert.Empty(watched.Sink.Losses);

        await server.SetFlagsAsync("");
        await server.SetFlagsAsync("AE");
        await watched.LookAsync();

        Assert.Contains("notification flags", Assert.Single(watched.Sink.Losses), StringComparison.Ordinal);
        await watched.LookAsync();
        Assert.Single(watched.Sink.Losses);
    }

    /// <summary>Ours are known, whatever connection they come by; of others' it is not known what they do, and one who goes on is taken for monitoring.</summary>
    [Fact]
    public async Task Before_7_others_who_use_CONFIG_are_a_few_gaps_and_a_doubt_after_that()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Redis60, "--notify-keyspace-events", "AE");
        await using var watched = await Watched.BeginAsync(server);
        var ours = Task.WhenAll(Enumerable.Range(0, 200).Select(_ => watched.AskFlagsAsync()));
        while (!ours.IsCompleted)
        {
            await watched.LookAsync();
        }

        await ours;
        await watched.LookAsync();
        Assert.Equal((0, null), (watched.Sink.Losses.Count, watched.Doubt));

        for (var use = 1; use <= FlagSetters.MostGaps; use++)
        {
            await watched.ExecuteAsync("CONFIG GET maxmemory");
            await watched.LookAsync();
            await watched.LookAsync();
            Assert.Equal((use, null), (watched.Sink.Losses.Count, watched.Doubt));
        }

        await watched.ExecuteAsync("CONFIG GET maxmemory");
        await watched.ExecuteAsync("CONFIG GET maxmemory");
        await watched.LookAsync();

        Assert.Equal(FlagSetters.MostGaps, watched.Sink.Losses.Count);
        Assert.Contains("others ran CONFIG 5 times", watched.Doubt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_is_a_gap()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await using var watched = await Watched.BeginAsync(server);

        await server.RestartAsync();
        await watched.LookAsync();

        Assert.Contains(watched.Sink.Losses, static loss => loss.Contains("restarted", StringComparison.Ordinal));
    }

    /// <summary>The primary keeps its replication id, and the replica its run id: only the link tells.</summary>
    [Theory]
    [InlineData(ServerKind.Redis60)]
    [InlineData(ServerKind.Machine)]
    [InlineData(ServerKind.Valkey81)]
    public async Task A_replica_that_takes_all_keys_of_its_primary_anew_is_a_gap(ServerKind kind)
    {
        await using var primary = await RedisServer.StartAsync(kind, "--repl-backlog-size", "16384", "--repl-diskless-sync-delay", "0");
        await using var replica = await RedisServer.StartAsync(
            kind,
            "--replicaof",
            "127.0.0.1",
            $"{primary.Port}",
            "--repl-diskless-sync-delay",
            "0"
        );
        await UntilSynchronisedAsync(replica, keys: 0);
        await using var watched = await Watched.BeginAsync(replica, prepare: false);
        await watched.LookAsync();
        Assert.Empty(watched.Sink.Losses);

        // In one turn of the primary the link is cut and more is written than the backlog holds.
        await using var client = await primary.ConnectAsync();
        var cut = client.GetDatabase().CreateTransaction();
        var killed = cut.ExecuteAsync("CLIENT", "KILL", "TYPE", "replica");
        Task[] written = [.. Enumerable.Range(0, 4).Select(i => cut.StringSetAsync($"large:{i}", new byte[100_000]))];
        Assert.True(await cut.ExecuteAsync());
        await Task.WhenAll([killed, .. written]);
        await UntilSynchronisedAsync(replica, keys: 4);
        await watched.LookAsync();

        Assert.Contains(watched.Sink.Losses, static loss => loss.Contains("synchronised anew", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Looks_that_overlap_tell_of_no_changes_that_never_were()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await using var watched = await Watched.BeginAsync(server);
        await watched.ExecuteAsync("FLUSHDB");

        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => watched.LookAsync()));

        Assert.Single(watched.Sink.Losses);
    }

    private static async Task UntilSynchronisedAsync(RedisServer replica, int keys)
    {
        await using var client = await replica.ConnectAsync();
        for (var i = 0; ; i++)
        {
            var link = (await client.GetServers()[0].InfoAsync("replication")).SelectMany(static part => part).ToDictionary()[
                "master_link_status"
            ];
            if (link == "up" && (long)await client.GetDatabase().ExecuteAsync("DBSIZE") == keys)
            {
                return;
            }

            Assert.True(i < 300, $"The replica is not synchronised: {replica.Log}");
            await Task.Delay(50, Stop);
        }
    }

    private sealed class Watched : IAsyncDisposable
    {
        private readonly MemoryRunStore _store = new(TimeProvider.System);
        private readonly HearingTrial _hearing;
        private readonly SourceWatch _watch;
        private readonly ConnectionMultiplexer _client;

        private Watched(RedisServer server, ConnectionMultiplexer client, string? user)
        {
            var connector = Connectors.To(server, user);
            _client = client;
            _hearing = new HearingTrial(
                new NotificationSwitch(connector, _store, run: 1, new NotificationTest(connector, new Random(1), TimeProvider.System)),
                Sink,
                TimeProvider.System
            );
            _watch = new SourceWatch(connector, _hearing, tracking: null, Sink, Gaps, TimeProvider.System);
        }

        public HeardChanges Sink { get; } = new();

        public GapLedger Gaps { get; } = new(TimeProvider.System);

        public static async Task<Watched> BeginAsync(RedisServer server, bool prepare = true, string? user = null)
        {
            var client = await server.ConnectAsync(static options => options.AllowAdmin = true);
            var watched = new Watched(server, client, user);
            if (prepare)
            {
                await watched.ExecuteAsync("XADD stream 1-1 field value");
                await watched.ExecuteAsync("XADD stream 2-1 field value");
                await watched.ExecuteAsync("XGROUP CREATE stream group 0");
                await watched.ExecuteAsync("XREADGROUP GROUP group anna COUNT 1 STREAMS stream >");
            }

            await watched.ExecuteAsync("CONFIG SET notify-keyspace-events AE");
            _ = await watched._hearing.TryAsync(Stop);
            await watched._watch.BeginAsync(Stop);
            return watched;
        }

        public string? Doubt => _watch.DoubtOfFlags;

        public async Task AskFlagsAsync() => _ = await _hearing.TryAsync(Stop);

        public async Task EndAsync() => await _hearing.EndAsync(Stop);

        public async Task ExecuteAsync(string command)
        {
            var words = command.Split(' ');
            await _client.GetDatabase().ExecuteAsync(words[0], [.. words[1..]]);
        }

        public async Task LookAsync() => await _watch.LookNowAsync(Stop);

        public ValueTask DisposeAsync()
        {
            _store.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
