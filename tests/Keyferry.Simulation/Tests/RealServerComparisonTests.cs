using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.Tests;

/// <summary>The simulated server must answer and notify as a real Redis 7.0 does.</summary>
public sealed class RealServerComparisonTests
{
    /// <summary>Each line is a sequence: commands parted by semicolons.</summary>
    private static readonly string[] _sequences =
    [
        "SET k v; GET k; STRLEN k; APPEND k w; GET k; TYPE k; EXISTS k k nx; DEL k nx; GET k; TYPE k",
        "SET k v EXAT 4102444800; SET k w KEEPTTL; EXPIRETIME k; SET k v; TTL k; PTTL k; PTTL nx; PERSIST k",
        "SET k v NX; SET k w NX; SET k w XX; SET nx w XX; SET k x GET; SET k v EX 0; SET k v PX -1; SET k v NX XX; SET k v FOO",
        "SET k v PXAT 1000; GET k; EXISTS k",
        "SETEX k 10 v; PSETEX k 10000 w; GET k; MSET a 1 b 2; GETDEL a; GETDEL a; SETEX k 0 v",
        "INCR n; INCRBY n 5; DECR n; SET s abc; INCR s; GET n",
        "RPUSH l a b c; LPUSH l z; LRANGE l 0 -1; LRANGE l -2 -1; LRANGE l 5 9; LLEN l; LPOP l; RPOP l 2; LPOP l; LPOP l; LPOP l 2; EXISTS l",
        "SADD s a b; SADD s a; SCARD s; SISMEMBER s a; SREM s a x; SREM s b; EXISTS s; SREM s b; SMEMBERS s",
        "HSET h f v; HSET h f v; HSET h f w g x; HGET h f; HGET h nx; HLEN h; HDEL h f nx; HDEL h g; EXISTS h; HGETALL h; HSET h f",
        "ZADD z 1 a 2.5 b; ZADD z 1 a; ZADD z 3 a; ZCARD z; ZRANGE z 0 -1 WITHSCORES; ZSCORE z a; ZREM z a; ZREM z b; EXISTS z; ZADD z inf i -inf j 0.1 t; ZRANGE z 0 -1 WITHSCORES",
        "SET k v; RPUSH k a; HSET k f v; SADD k a; ZADD k 1 a; XADD k * f v; LPOP k; GET k; RPUSH l a; GET l; SET l v; GET l",
        "SET a 1; RENAME a b; GET b; RENAME a b; SET c 2 EXAT 4102444800; RENAME c b; PEXPIRETIME b; RENAME b b; RENAMENX b d; SET e 1; RENAMENX e d; RENAMENX nx d",
        "SET k v; MOVE k 1; MOVE k 1; SELECT 1; GET k; MOVE k 0; SELECT 0; GET k; MOVE k 0; MOVE k 99; SELECT 99; SELECT x",
        "SET k v; COPY k j; COPY k j; COPY k j REPLACE; COPY k j DB 1; COPY nx j; COPY k k; GET j",
        "SET k v; EXPIRE k 100; EXPIRE k 200 NX; EXPIRE k 50 GT; EXPIRE k 300 GT; PEXPIREAT k 4102444800000; PEXPIRETIME k; EXPIRETIME k; PERSIST k; PERSIST k; EXPIRE nx 5",
        "SET k v; EXPIRE k -1; EXISTS k; SET k v; PEXPIREAT k 1000; EXISTS k; EXPIRE k abc; EXPIRE k 5 ZZ",
        "SET k v; FLUSHDB; GET k; SET k v; FLUSHALL ASYNC; DBSIZE; SWAPDB 0 1; SWAPDB 0 99; FLUSHDB NOW",
        "SET k v; SWAPDB 0 1; GET k; SELECT 1; GET k; SWAPDB 1 0; SELECT 0; DBSIZE",
        "XADD s 1-1 f v; XADD s 1-1 f v; XADD s 0-0 f v; XADD s 2-* f v; XLEN s; XRANGE s - +; XRANGE s (1-1 +; XRANGE s - + COUNT 1; XDEL s 1-1; XDEL s 1-1; XDEL s 2-0; XLEN s; XINFO STREAM s; EXISTS s",
        "XADD s MAXLEN 1 1-1 f v; XADD s MAXLEN = 1 2-1 f v; XADD s NOMKSTREAM 3-1 a b; XADD nx NOMKSTREAM 3-1 a b; XTRIM s MAXLEN 1; XTRIM s MAXLEN 1; XRANGE s - +; XADD s 4-1 f",
        "XADD s 1-1 f v; XADD s 2-1 g w; XGROUP CREATE s g 0; XGROUP CREATE s g 0; XREADGROUP GROUP g c COUNT 1 STREAMS s >; XINFO GROUPS s; XREADGROUP GROUP g c STREAMS s >; XREADGROUP GROUP g c STREAMS s >; XREADGROUP GROUP g c STREAMS s 0; XACK s g 1-1 9-9; XPENDING s g; XINFO GROUPS s",
        "XGROUP CREATE s g $; XGROUP CREATE s g $ MKSTREAM; XGROUP CREATECONSUMER s g c; XGROUP CREATECONSUMER s g c; XGROUP SETID s g 5-5; XGROUP DELCONSUMER s g c; XGROUP DESTROY s g; XGROUP DESTROY s g; XINFO GROUPS s; XREADGROUP GROUP g c STREAMS s >",
        "XADD s 1-1 f v; XGROUP CREATE s g 0; XREADGROUP GROUP g c NOACK STREAMS s >; XPENDING s g; XPENDING s g - + 10; XCLAIM s g c2 0 1-1 FORCE JUSTID; XPENDING s g; XCLAIM s g c2 0 1-1; XSETID s 9-9; XSETID s 0-1; XINFO STREAM nx; XINFO GROUPS nx",
        "MULTI; SET k v; LPUSH l a; EXEC; MULTI; SET k; EXEC; MULTI; DISCARD; EXEC; DISCARD; MULTI; MULTI; GET k; RPUSH k v; EXEC",
        "GET; GET a b; FOO a b; CLIENT; CLIENT FOO; CONFIG GET; CONFIG SET maxmemory; CONFIG SET nosuch 1; CONFIG GET notify-keyspace-events; PING; PING a; PING a b; ECHO x",
        "CONFIG SET notify-keyspace-events KEAq; CONFIG GET notify-keyspace-events; CONFIG GET client-output-buffer-limit; CONFIG SET databases 3",
        "CLIENT SETNAME a; CLIENT GETNAME; CLIENT GETNAME x; CLIENT NO-EVICT ON; CLIENT NO-EVICT x; CLIENT NO-TOUCH ON; CLIENT KILL ID 99999; CLIENT KILL 1.1.1.1:1; CLIENT PAUSE -1; CLIENT PAUSE 10 X; CLIENT UNPAUSE",
        "RESTORE k 0 garbage; RESTORE k -1 garbage; SET k v; RESTORE k 0 garbage; RESTORE k 0 garbage REPLACE; DUMP nx; RESTORE j 0 garbage FOO",
        "MGET nx; SET k v; SET j 12; RPUSH l a; MGET k l nx j k; MGET; DEL k j l; OBJECT ENCODING nx; OBJECT IDLETIME nx; SET k v; OBJECT ENCODING k; TOUCH k nx; MEMORY USAGE nx; RANDOMKEY; SCAN 0; SCAN x; SCAN 0 COUNT 0; SCAN 0 MATCH k*; SCAN 0 TYPE list; HSCAN nx 0",
        "EVALSHA 0000000000000000000000000000000000000000 0; EVAL x -1; EVAL x 5; SCRIPT EXISTS 0000000000000000000000000000000000000000; CLUSTER INFO; WAIT 0 0; ROLE; ACL WHOAMI; AUTH x; HELLO 9",
        "PUBLISH c m; PUBSUB NUMPAT; UNSUBSCRIBE; PUNSUBSCRIBE x; SUBSCRIBE a b; GET k; PING; PING x; UNSUBSCRIBE b a; PING; RESET; PSUBSCRIBE p*; PUNSUBSCRIBE p*",
    ];

    [Fact]
    public async Task Replies_and_events_are_those_of_redis_7_0()
    {
        await using var real = await RealRedis.StartAsync();
        var differences = new List<string>();
        foreach (var sequence in _sequences)
        {
            var expected = await PlayAsync(real.ConnectAsync, sequence);
            var bench = new TestBench();
            var actual = new List<string>();
            bench.Run(async () => actual = await PlayAsync(bench.ConnectAsync, sequence));
            differences.AddRange(
                expected
                    .Zip(actual)
                    .Where(static pair => pair.First != pair.Second)
                    .Select(pair => $"{sequence}\n  real: {pair.First}\n  sim:  {pair.Second}")
            );
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [Fact]
    public async Task A_real_server_restores_what_the_simulated_one_dumps()
    {
        await using var real = await RealRedis.StartAsync();
        await using var client = await real.ConnectAsync();
        var bench = new TestBench();
        bench.Server.Execute("SET", "string", "hello");
        bench.Server.Execute("RPUSH", "list", "a", "b", "c");
        bench.Server.Execute("SADD", "set", "a", "b");
        bench.Server.Execute("HSET", "hash", "f", "v", "g", "w");
        bench.Server.Execute("ZADD", "zset", "1.5", "a", "-inf", "b");
        foreach (var (key, entry) in bench.Server.Keyspace[0].Keys)
        {
            Assert.Equal("+OK", await client.CallAsync("RESTORE", key, "0", bench.Server.Payload.Dump(entry.Value)));
        }

        Assert.Equal("$hello", await client.CallAsync("GET", "string"));
        Assert.Equal("*[$a $b $c]", await client.CallAsync("LRANGE", "list", "0", "-1"));
        Assert.Equal(":2", await client.CallAsync("SCARD", "set"));
        Assert.Equal("$w", await client.CallAsync("HGET", "hash", "g"));
        Assert.Equal("*[$b $-inf $a $1.5]", await client.CallAsync("ZRANGE", "zset", "0", "-1", "WITHSCORES"));
    }

    /// <summary>Plays a sequence and returns what it was answered, what events it raised, and what a tracking client was told.</summary>
    private static async Task<List<string>> PlayAsync(Func<Task<RawClient>> connect, string sequence)
    {
        await using var client = await connect();
        await using var listener = await connect();
        await using var tracker = await connect();
        _ = await client.CallAsync("FLUSHALL");
        _ = await client.CallAsync("CONFIG", "SET", "notify-keyspace-events", "KEA");
        _ = await listener.CallAsync("PSUBSCRIBE", "__key*__:*");
        _ = await tracker.CallAsync("HELLO", "3");
        _ = await tracker.CallAsync("CLIENT", "TRACKING", "ON", "BCAST");
        var seen = new List<string>();
        foreach (var command in sequence.Split(';', StringSplitOptions.TrimEntries))
        {
            var words = command.Split(' ').Select(static word => (Blob)word).ToArray();
            seen.Add($"{command} -> {await client.CallAsync(words)}");
            if (command is "SUBSCRIBE a b" or "UNSUBSCRIBE b a")
            {
                seen.Add(await client.ReadAsync());
            }

            seen.Add($"{command} events {string.Join(' ', await UntilPongAsync(listener))}");
            seen.Add($"{command} tracking {string.Join(' ', await UntilPongAsync(tracker))}");
        }

        return seen;
    }

    private static async Task<List<string>> UntilPongAsync(RawClient client)
    {
        var seen = new List<string>();
        // Invalidations of a turn may follow its replies: two pongs prove that all have come.
        for (var pongs = 0; pongs < 2; )
        {
            await client.SendAsync("PING", "over");
            for (var line = ""; !line.EndsWith("$over", StringComparison.Ordinal) && !line.EndsWith("$over]", StringComparison.Ordinal); )
            {
                line = await client.ReadAsync();
                seen.Add(line);
            }

            seen.RemoveAt(seen.Count - 1);
            pongs++;
        }

        return seen;
    }
}
