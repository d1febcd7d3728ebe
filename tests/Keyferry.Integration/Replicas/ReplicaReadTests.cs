using Keyferry.Integration.Faults;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Integration.Versions;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Replicas;

/// <summary><c>--source-read-from replica</c>: values come from a replica, and never older than the change that led to them.</summary>
public sealed class ReplicaReadTests
{
    private const int Keys = 300;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Names_and_values_are_read_at_the_replica_and_the_proof_at_the_primary()
    {
        await using var source = await ReplicatedSource.StartAsync();
        await AllTypes.FillAsync(source.From);
        await source.SetAsync(Keys, "before");
        using var run = source.Start();
        await run.ReachAsync(Phase.Following, Stop);
        await source.SetAsync(Keys, "after");
        await source.ArriveAsync(Keys, "after");
        var (copied, scanned) = (await source.Replica.CallsAsync("pexpiretime"), await source.Replica.CallsAsync("scan"));
        var (atPrimary, walked) = (await source.Primary.CallsAsync("pexpiretime"), await source.Primary.CallsAsync("scan"));

        await source.EndEqualAsync(run);

        Assert.True(copied >= 2 * Keys, $"{copied} values were read at the replica\n{run.Log}");
        Assert.True(scanned >= 1);
        // The streams of all types, and what the plan tried.
        Assert.True(atPrimary < 40, $"{atPrimary} values were read at the primary\n{run.Log}");
        Assert.True(await source.Primary.CallsAsync("scan") > walked, "the comparison at the end walks over the primary");
        Assert.Contains(
            $"{source.Primary.Endpoint} is read at its replica {source.Replica.Endpoint} from now on.",
            $"{run.Log}",
            StringComparison.Ordinal
        );
    }

    /// <summary>The replica answers, but what it answers is old: without a look at the offsets the old values would stay.</summary>
    [Fact]
    public async Task A_replica_that_stands_still_is_not_read()
    {
        await using var source = await ReplicatedSource.StartAsync();
        await source.SetAsync(Keys, "before");
        using var run = source.Start();
        await run.ReachAsync(Phase.Following, Stop);
        source.Replication.Stall();

        await source.SetAsync(Keys, "after");
        await source.ArriveAsync(Keys, "after");

        Assert.Contains(
            $"{source.Primary.Endpoint} is read itself from now on: its replica {source.Replica.Endpoint} lacks ",
            $"{run.Log}",
            StringComparison.Ordinal
        );
        Assert.Equal(
            "before",
            (string?)await (await source.Replica.ConnectAsync()).GetDatabase().StringGetAsync("key:0", CommandFlags.PreferReplica)
        );
        await source.EndEqualAsync(run);
    }

    /// <summary>A replica that is behind for a moment is waited for, and read all the same; nothing older than the change that led there reaches the target.</summary>
    [Fact]
    public async Task A_replica_that_is_late_is_waited_for()
    {
        await using var source = await ReplicatedSource.StartAsync();
        await source.SetAsync(Keys, "0");
        using var run = source.Start();
        await run.ReachAsync(Phase.Following, Stop);
        source.Replication.Slow(ProxyDirection.ToClient, TimeSpan.FromMilliseconds(100));
        var before = await source.Replica.CallsAsync("pexpiretime");

        for (var round = 1; round <= 5; round++)
        {
            await source.SetAsync(Keys, $"{round}");
            await source.ArriveAsync(Keys, $"{round}");
        }

        Assert.True(await source.Replica.CallsAsync("pexpiretime") > before, $"the replica was not read\n{run.Log}");
        Assert.DoesNotContain("is read itself", $"{run.Log}", StringComparison.Ordinal);
        await source.EndEqualAsync(run);
    }

    [Fact]
    public async Task A_replica_that_has_lost_its_primary_is_not_read_and_is_again_once_it_follows()
    {
        await using var source = await ReplicatedSource.StartAsync();
        await source.SetAsync(Keys, "before");
        using var run = source.Start();
        await run.ReachAsync(Phase.Following, Stop);
        source.Replication.Refuse();
        source.Replication.Reset();

        await source.SetAsync(Keys, "after");
        await source.ArriveAsync(Keys, "after");
        source.Replication.Accept();
        await ReplicatedSource.UntilAsync(async () =>
        {
            await source.SetAsync(1, "again");
            return $"{run.Log}".LastIndexOf("is read at its replica", StringComparison.Ordinal)
                > $"{run.Log}".LastIndexOf("is read itself", StringComparison.Ordinal);
        });
        var before = await source.Replica.CallsAsync("pexpiretime");
        await source.SetAsync(Keys, "at last");
        await source.ArriveAsync(Keys, "at last");

        Assert.Contains("is read itself from now on: of its replica", $"{run.Log}", StringComparison.Ordinal);
        Assert.True(await source.Replica.CallsAsync("pexpiretime") >= before + (Keys / 2), $"the replica is not read again\n{run.Log}");
        await source.EndEqualAsync(run);
    }

    /// <summary>It follows another primary by now, in another history, and its offset is higher.</summary>
    [Fact]
    public async Task A_replica_that_follows_another_primary_is_not_read()
    {
        await using var source = await ReplicatedSource.StartAsync();
        await using var other = await RedisServer.StartAsync(ServerKind.Machine, "--repl-diskless-sync-delay", "0");
        await source.SetAsync(Keys, "before");
        using var run = source.Start();
        await run.ReachAsync(Phase.Following, Stop);
        await RedisCluster.AskAsync(source.Replica, "REPLICAOF", "127.0.0.1", $"{other.Port}");
        await ReplicatedSource.UntilAsync(async () =>
            (await RedisCluster.AskAsync(source.Replica, "INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal)
        );
        await (await other.ConnectAsync()).GetDatabase().StringSetAsync("filler", new string('x', 1_000_000));

        await source.SetAsync(Keys, "after");
        await source.ArriveAsync(Keys, "after");

        Assert.Contains("it follows another history than the primary's", $"{run.Log}", StringComparison.Ordinal);
        await source.EndEqualAsync(run);
    }

    /// <summary>Redis does not tell replicas how often a consumer has read its pending entries again, and a replica's clock is not the primary's: both are the primary's to say.</summary>
    [Fact]
    public async Task Streams_and_keys_that_are_gone_are_read_at_the_primary()
    {
        await using var source = await ReplicatedSource.StartAsync();
        _ = await source.From.StreamAddAsync("stream", "field", "value");
        _ = await source.From.StreamCreateConsumerGroupAsync("stream", "group", "0");
        _ = await source.From.StreamReadGroupAsync("stream", "group", "consumer", ">");
        _ = await source.From.StreamReadGroupAsync("stream", "group", "consumer", "0");
        await source.SetAsync(Keys, "before");
        using var run = source.Start();
        await run.ReachAsync(Phase.Following, Stop);
        _ = await source.From.StreamReadGroupAsync("stream", "group", "consumer", "0");
        for (var i = 0; i < Keys; i++)
        {
            _ = await source.From.KeyDeleteAsync($"key:{i}");
        }

        await source.EndEqualAsync(run);

        Assert.Equal(1, (long)await source.To.ExecuteAsync("DBSIZE"));
        Assert.Equal(3, (await source.To.StreamPendingMessagesAsync("stream", "group", 10, RedisValue.Null))[0].DeliveryCount);
    }

    [Fact]
    public async Task A_source_without_a_replica_is_refused()
    {
        await using var pair = await Pair.StartAsync();
        using var run = pair.Start(static options => options with { SourceReads = SourceReads.Replica });

        var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);

        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("it has no replica", refused.Saw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replica_that_takes_writes_of_its_own_is_refused()
    {
        await using var source = await ReplicatedSource.StartAsync("--replica-read-only", "no");
        using var run = source.Start();

        var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);

        Assert.Contains("it takes writes of its own", refused.Saw, StringComparison.Ordinal);
    }

    /// <summary>Before 7.0 a primary tells its replicas how long a key has to live, and not until when.</summary>
    [Fact]
    public async Task A_source_whose_replicas_have_other_expiries_is_refused()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Redis60);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var options = new MigrationOptions
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            SourceReads = SourceReads.Replica,
        };
        using var run = EngineRun.Start(options, Stop);

        var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);

        Assert.Contains("needs Redis 7.0", refused.Remedy, StringComparison.Ordinal);
    }
}
