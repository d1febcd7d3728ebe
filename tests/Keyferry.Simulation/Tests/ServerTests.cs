using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.Tests;

public sealed class ServerTests
{
    [Fact]
    public void The_checksum_is_that_of_redis() => Assert.Equal(0xE9C6D914C4B8D9CAUL, Crc64.Of("123456789"u8));

    [Fact]
    public void A_walk_sees_every_key_that_was_there_all_the_time()
    {
        for (var seed = 1UL; seed <= 30; seed++)
        {
            var bench = new TestBench(seed);
            var dice = new Dice(seed);
            for (var i = 0; i < 300; i++)
            {
                _ = bench.Server.Execute("SET", $"stays:{i}", "v");
            }

            bench.Run(async () =>
            {
                await using var client = await bench.ConnectAsync();
                var seen = new HashSet<string>(StringComparer.Ordinal);
                var cursor = "0";
                do
                {
                    var reply = await client.CallAsync("SCAN", cursor, "COUNT", 10);
                    var parts = reply[2..^1].Split(' ', 2);
                    cursor = parts[0][1..];
                    seen.UnionWith(parts[1][2..^1].Split(' ').Select(static name => name.TrimStart('$')));
                    // The table grows and shrinks under the walk.
                    for (var i = 0; i < 60; i++)
                    {
                        _ = dice.Chance(0.5)
                            ? bench.Server.Execute("SET", $"comes:{dice.Below(4000)}", "v")
                            : bench.Server.Execute("DEL", $"comes:{dice.Below(4000)}");
                    }
                } while (cursor != "0");
                Assert.Equal(300, seen.Count(static name => name.StartsWith("stays:", StringComparison.Ordinal)));
            });
        }
    }

    [Fact]
    public void Expired_keys_are_told_of_by_the_cycle_or_by_whoever_looks()
    {
        var bench = new TestBench();
        bench.Run(async () =>
        {
            _ = bench.Server.Execute("CONFIG", "SET", "notify-keyspace-events", "KEA");
            await using var listener = await bench.ConnectAsync();
            _ = await listener.CallAsync("PSUBSCRIBE", "__keyevent@*__:expired");
            _ = bench.Server.Execute("SET", "seen", "v", "PX", "50");
            _ = bench.Server.Execute("SET", "unseen", "v", "PX", "51");
            await bench.PassAsync(50.5);
            Assert.Equal("$-1\r\n", bench.Server.Execute("GET", "seen"));
            Assert.Equal("*[$pmessage $__keyevent@*__:expired $__keyevent@0__:expired $seen]", await listener.ReadAsync());
            Assert.Equal("*[$pmessage $__keyevent@*__:expired $__keyevent@0__:expired $unseen]", await listener.ReadAsync());
            Assert.Equal(":0\r\n", bench.Server.Execute("DBSIZE"));
        });
    }

    [Fact]
    public void A_write_pause_holds_writes_and_publishing_and_lets_reads_and_unpause_through()
    {
        var bench = new TestBench();
        bench.Run(async () =>
        {
            await using var writer = await bench.ConnectAsync();
            await using var other = await bench.ConnectAsync();
            Assert.Equal("+OK", await other.CallAsync("CLIENT", "PAUSE", "60000", "WRITE"));
            var write = writer.CallAsync("SET", "k", "v");
            await bench.PassAsync(1000);
            Assert.False(write.IsCompleted);
            Assert.Equal("nil", await other.CallAsync("GET", "k"));
            Assert.Equal("+OK", await other.CallAsync("CLIENT", "UNPAUSE"));
            Assert.Equal("+OK", await write);
        });
        Assert.True(bench.Scheduler.Time.Elapsed < TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void Above_the_memory_limit_writes_are_refused_or_keys_are_evicted()
    {
        var refusing = new TestBench(options: new ServerOptions { MaxMemory = 100 });
        _ = refusing.Server.Execute(asClient: true, "SET", "k", new string('x', 120));
        Assert.Equal(
            "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
            refusing.Server.Execute(asClient: true, "SET", "j", "v")
        );
        Assert.Equal(":1\r\n", refusing.Server.Execute(asClient: true, "DEL", "k"));

        var evicting = new TestBench(options: new ServerOptions { MaxMemory = 100, Eviction = true });
        _ = evicting.Server.Execute(asClient: true, "SET", "k", new string('x', 120));
        Assert.Equal("+OK\r\n", evicting.Server.Execute(asClient: true, "SET", "j", "v"));
        Assert.Equal(":1\r\n", evicting.Server.Execute("DBSIZE"));
    }

    [Fact]
    public void A_restart_forgets_the_flags_and_the_clients_and_has_a_new_run_id()
    {
        var bench = new TestBench();
        bench.Run(async () =>
        {
            var client = await bench.ConnectAsync();
            _ = await client.CallAsync("CONFIG", "SET", "notify-keyspace-events", "KEA");
            _ = await client.CallAsync("SET", "k", "v");
            var before = bench.Server.RunId;
            bench.Server.Restart(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(200));
            _ = await Assert.ThrowsAnyAsync<IOException>(() => client.CallAsync("PING"));
            _ = await Assert.ThrowsAsync<IOException>(bench.ConnectAsync);
            await bench.PassAsync(110);
            client = await bench.ConnectAsync();
            Assert.Equal("-LOADING Redis is loading the dataset in memory", await client.CallAsync("GET", "k"));
            await bench.PassAsync(200);
            Assert.Equal("$v", await client.CallAsync("GET", "k"));
            Assert.Equal("*[$notify-keyspace-events $]", await client.CallAsync("CONFIG", "GET", "notify-keyspace-events"));
            Assert.NotEqual(before, bench.Server.RunId);
        });
    }

    [Fact]
    public void A_subscriber_that_does_not_read_is_cut_off()
    {
        var bench = new TestBench(options: new ServerOptions { OutputBufferLimits = "normal 0 0 0 pubsub 20000 0 0" });
        bench.Run(async () =>
        {
            var listener = await bench.ConnectAsync();
            _ = await listener.CallAsync("SUBSCRIBE", "c");
            await using var publisher = await bench.ConnectAsync();
            for (var i = 0; i < 400; i++)
            {
                Assert.Equal(
                    bench.Server.Clients.All.Count == 2 ? ":1" : ":0",
                    await publisher.CallAsync("PUBLISH", "c", new string('x', 1000))
                );
            }

            _ = Assert.Single(bench.Server.Clients.All);
            var received = 0;
            _ = await Assert.ThrowsAsync<EndOfStreamException>(async () =>
            {
                for (; ; received++)
                {
                    _ = await listener.ReadAsync();
                }
            });
            Assert.InRange(received, 200, 300);
        });
    }

    [Fact]
    public void A_replica_refuses_writes()
    {
        var bench = new TestBench();
        bench.Server.IsReplica = true;
        Assert.Equal("-READONLY You can't write against a read only replica.\r\n", bench.Server.Execute(asClient: true, "SET", "k", "v"));
    }

    [Fact]
    public void A_flush_is_told_to_trackers_before_keys_changed_earlier_in_the_turn()
    {
        var bench = new TestBench();
        bench.Run(async () =>
        {
            await using var tracker = await bench.ConnectAsync();
            _ = await tracker.CallAsync("HELLO", "3");
            _ = await tracker.CallAsync("CLIENT", "TRACKING", "ON", "BCAST");
            await using var writer = await bench.ConnectAsync();
            byte[] pipeline =
            [
                .. RawClient.Encode("MULTI"),
                .. RawClient.Encode("SET", "b1", "v"),
                .. RawClient.Encode("FLUSHALL"),
                .. RawClient.Encode("SET", "b2", "v"),
                .. RawClient.Encode("EXEC"),
            ];
            await writer.Transport.SendAsync(pipeline, CancellationToken.None);
            Assert.Equal(">[$invalidate _]", await tracker.ReadAsync());
            Assert.Equal(">[$invalidate *[$b1 $b2]]", await tracker.ReadAsync());
        });
    }
}
