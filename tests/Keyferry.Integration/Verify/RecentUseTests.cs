using System.Globalization;
using System.Text;
using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Verify;
using StackExchange.Redis;

namespace Keyferry.Integration.Verify;

/// <summary>On real servers: whatever writes to a key makes it one that was used, as the script of a rescan sees it; and what is only idle is left out.</summary>
public sealed class RecentUseTests
{
    private const int IdleSeconds = 5000;

    /// <summary>The keys that <see cref="PrepareAsync"/> makes, by type.</summary>
    private const string Prepared =
        "SET s text\nSET n 5\nSET other text2\nSETBIT bits 7 1\nPFADD hll a b\nPFADD hll2 c\nRPUSH l a b c d\nRPUSH l2 x\nSADD st a b c\nSADD st2 b\nSADD is 1 2 3\n"
        + "HSET h f v g w\nZADD z 1 a 2 b\nZADD z2 3 c\nGEOADD geo 13 38 p\nXADD x 1-1 f v\nXGROUP CREATE x grp 0\nXADD x2 1-1 f v\nXGROUP CREATE x2 grp 0\n"
        + "XREADGROUP GROUP grp ann STREAMS x2 >\nSET ex text EX 5000\nHSET hn f 1";

    /// <summary>Commands, and the key that each of them changes. Each is tried by itself, and where a server does not know it, passed over.</summary>
    private static readonly (string Command, string Key)[] Writes =
    [
        ("SET s v", "s"),
        ("SET s 7", "s"),
        ("SET s v KEEPTTL", "s"),
        ("SET s v XX GET", "s"),
        ("SET new v", "new"),
        ("SET new 7", "new"),
        ("SETNX new v", "new"),
        ("SETEX s 100 v", "s"),
        ("PSETEX new 100000 9", "new"),
        ("GETSET s v", "s"),
        ("GETSET s 8", "s"),
        ("MSET s v other w", "other"),
        ("MSETNX new 3 new2 4", "new2"),
        ("APPEND s x", "s"),
        ("SETRANGE s 1 x", "s"),
        ("INCR n", "n"),
        ("INCR new", "new"),
        ("DECRBY n 3", "n"),
        ("INCRBY n 100000", "n"),
        ("INCRBYFLOAT n 0.5", "n"),
        ("GETEX ex PERSIST", "ex"),
        ("GETEX s EX 100", "s"),
        ("EXPIRE s 100", "s"),
        ("PEXPIREAT s 4102444800000", "s"),
        ("PERSIST ex", "ex"),
        ("SETBIT bits 9 1", "bits"),
        ("BITFIELD bits SET u8 0 200", "bits"),
        ("BITOP NOT s bits", "s"),
        ("BITOP NOT new bits", "new"),
        ("PFADD hll z", "hll"),
        ("PFMERGE hll hll2", "hll"),
        ("PFMERGE new hll2", "new"),
        ("RENAME other s", "s"),
        ("RENAME n s", "s"),
        ("RENAMENX other new", "new"),
        ("COPY other s REPLACE", "s"),
        ("COPY n new", "new"),
        ("LPUSH l x", "l"),
        ("RPUSHX l x", "l"),
        ("LPOP l", "l"),
        ("RPOP l 2", "l"),
        ("LSET l 0 x", "l"),
        ("LREM l 0 a", "l"),
        ("LTRIM l 1 2", "l"),
        ("LINSERT l BEFORE b x", "l"),
        ("LMOVE l2 l LEFT LEFT", "l"),
        ("RPOPLPUSH l new", "new"),
        ("RPOPLPUSH l new", "l"),
        ("LMPOP 1 l LEFT", "l"),
        ("BLPOP l 1", "l"),
        ("BLMOVE l l2 LEFT LEFT 1", "l2"),
        ("SORT l2 ALPHA STORE l", "l"),
        ("SADD st z", "st"),
        ("SADD is 9", "is"),
        ("SREM st a", "st"),
        ("SPOP st", "st"),
        ("SMOVE st st2 a", "st2"),
        ("SMOVE st st2 a", "st"),
        ("SUNIONSTORE st st2", "st"),
        ("SINTERSTORE new st st2", "new"),
        ("SDIFFSTORE st2 st st2", "st2"),
        ("HSET h f v2", "h"),
        ("HSETNX h new v", "h"),
        ("HDEL h f", "h"),
        ("HINCRBY hn f 2", "hn"),
        ("HINCRBYFLOAT hn f 0.5", "hn"),
        ("HEXPIRE h 100 FIELDS 1 f", "h"),
        ("HPEXPIREAT h 4102444800000 FIELDS 1 f", "h"),
        ("HSETEX h EX 100 FIELDS 1 f v9", "h"),
        ("HGETEX h EX 100 FIELDS 1 f", "h"),
        ("HGETDEL h FIELDS 1 f", "h"),
        ("ZADD z 9 a", "z"),
        ("ZINCRBY z 2 a", "z"),
        ("ZREM z a", "z"),
        ("ZPOPMIN z", "z"),
        ("ZMPOP 1 z MAX", "z"),
        ("ZREMRANGEBYRANK z 0 0", "z"),
        ("ZREMRANGEBYSCORE z 1 1", "z"),
        ("ZREMRANGEBYLEX z [a [a", "z"),
        ("ZUNIONSTORE z 1 z2", "z"),
        ("ZRANGESTORE z z2 0 -1", "z"),
        ("GEOADD geo 14 39 q", "geo"),
        ("GEOSEARCHSTORE z geo FROMMEMBER p BYRADIUS 9 km", "z"),
        ("XADD x * f v", "x"),
        ("XDEL x 1-1", "x"),
        ("XTRIM x MAXLEN 0", "x"),
        ("XSETID x 9-9", "x"),
        ("XGROUP CREATE x other 0", "x"),
        ("XGROUP SETID x grp $", "x"),
        ("XGROUP DESTROY x grp", "x"),
        ("XGROUP CREATECONSUMER x grp bob", "x"),
        ("XGROUP DELCONSUMER x2 grp ann", "x2"),
        ("XREADGROUP GROUP grp ann STREAMS x >", "x"),
        ("XACK x2 grp 1-1", "x2"),
        ("XCLAIM x2 grp bob 0 1-1", "x2"),
        ("XAUTOCLAIM x2 grp bob 0 0", "x2"),
        ("XDELEX x KEEPREF IDS 1 1-1", "x"),
        ("XACKDEL x2 grp KEEPREF IDS 1 1-1", "x2"),
        ("VADD vec VALUES 3 1 2 3 one", "vec"),
        ("EVAL redis.call('SET',KEYS[1],'v') 1 s", "s"),
        ("EVAL redis.call('HSET',KEYS[1],'f','v3') 1 h", "h"),
        ("DELEX other", "other"),
    ];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<ServerKind> Kinds =>
        [
            .. Enum.GetValues<ServerKind>()
                .Where(static kind => kind != ServerKind.Redis60)
                .Where(static kind => kind is not (ServerKind.Redis86 or ServerKind.Valkey91) || ServerBinary.Exists(kind)),
        ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whatever_is_written_counts_as_used(ServerKind kind)
    {
        await using var server = await RedisServer.StartAsync(kind);
        await using var client = await server.ConnectAsync();
        var database = client.GetDatabase();
        var missed = new List<string>();
        var tried = 0;
        await PrepareAsync(database);
        var payloads = await PayloadsAsync(database);
        foreach (var (command, key) in Writes)
        {
            await SetIdleAsync(database, payloads);
            try
            {
                _ = await ExecuteAsync(database, command);
            }
            catch (RedisServerException unknown) when (unknown.Message.Contains("unknown", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            tried++;
            var used = await UsedAsync(database, seconds: 100);
            if (await database.KeyExistsAsync(key) && !used.Contains(key))
            {
                missed.Add(command);
            }
        }

        Assert.Empty(missed);
        Assert.True(tried > 80, $"{tried} commands");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Idle_keys_are_left_out_but_for_integers(ServerKind kind)
    {
        await using var server = await RedisServer.StartAsync(kind);
        await using var client = await server.ConnectAsync();
        var database = client.GetDatabase();
        await PrepareAsync(database);
        await SetIdleAsync(database, await PayloadsAsync(database));
        // Without a limit of memory, small integers are shared: this new key looks as idle as the others of its value.
        await database.StringSetAsync("shared", 5);

        Assert.Equal(["n", "shared"], (await UsedAsync(database, seconds: 100)).Order(StringComparer.Ordinal));
        Assert.Contains("l", await UsedAsync(database, seconds: IdleSeconds + 100));
    }

    [Fact]
    public async Task While_a_child_process_works_uses_are_not_noted()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--rdb-key-save-delay", "100000");
        await using var client = await server.ConnectAsync();
        var database = client.GetDatabase();
        await PrepareAsync(database);
        await SetIdleAsync(database, await PayloadsAsync(database));
        await database.ExecuteAsync("BGSAVE");

        await database.HashSetAsync("h", "f", "changed");

        // Why the watch over the source looks for children: the script cannot know.
        Assert.DoesNotContain("h", await UsedAsync(database, seconds: 100));
    }

    private static async Task PrepareAsync(IDatabase database)
    {
        foreach (var command in Prepared.Split('\n'))
        {
            _ = await ExecuteAsync(database, command);
        }
    }

    private static async Task<Dictionary<string, byte[]>> PayloadsAsync(IDatabase database)
    {
        var payloads = new Dictionary<string, byte[]>();
        foreach (var key in (RedisKey[]?)(await database.ExecuteAsync("KEYS", "*")) ?? [])
        {
            payloads[key.ToString()] = (byte[]?)await database.ExecuteAsync("DUMP", key) ?? [];
        }

        return payloads;
    }

    /// <summary>Makes everything as it was prepared, and idle.</summary>
    private static async Task SetIdleAsync(IDatabase database, Dictionary<string, byte[]> payloads)
    {
        await database.ExecuteAsync("FLUSHALL");
        await Task.WhenAll(
            payloads.Select(pair =>
                database.ExecuteAsync("RESTORE", pair.Key, pair.Key == "ex" ? 5_000_000 : 0, pair.Value, "IDLETIME", IdleSeconds)
            )
        );
    }

    private static async Task<HashSet<string>> UsedAsync(IDatabase database, int seconds)
    {
        var since = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - seconds;
        var script = DigestScript.Text(
            DigestKind.SamePayload,
            sorted: true,
            raw: true,
            tellsExpiry: true,
            tellsSizes: true,
            movesTables: false
        );
        var second = since.ToString(CultureInfo.InvariantCulture);
        var reply = (RedisResult[]?)await database.ExecuteAsync("EVAL_RO", script, 0, "0", 1000, "keyferry:{", second, "") ?? [];
        Assert.Equal(9, reply.Length);
        var (count, all, looked) = ((int)reply[2], (byte[]?)reply[3] ?? [], (byte[]?)reply[4] ?? []);
        var used = new HashSet<string>();
        for (var names = new PackedNames(count > 0 && looked.Length == 0 ? all : looked); names.Next(out var name); )
        {
            used.Add(Encoding.UTF8.GetString(name));
        }

        Assert.Equal(count, used.Count);
        return used;
    }

    private static Task<RedisResult> ExecuteAsync(IDatabase database, string command)
    {
        var words = command.StartsWith("EVAL ", StringComparison.Ordinal)
            ?
            [
                "EVAL",
                command[5..command.LastIndexOf(" 1 ", StringComparison.Ordinal)],
                .. command[(command.LastIndexOf(" 1 ", StringComparison.Ordinal) + 1)..].Split(' '),
            ]
            : command.Split(' ');
        return database.ExecuteAsync(words[0], [.. words[1..]]);
    }
}
