using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Traffic.Writing;

/// <summary>What the writer may use.</summary>
/// <param name="Server">The server's version: newer commands are left out of the mix of older servers.</param>
/// <param name="SilentStreamCommands">Also XREADGROUP, XACK and XCLAIM, which change a stream without any notification.</param>
/// <param name="FieldExpiries">Also HPEXPIRE and HPERSIST.</param>
public sealed record WriteMixOptions(Version Server, bool SilentStreamCommands = false, bool FieldExpiries = false);

/// <summary>The writes of an application that uses everything: an endless sequence that follows from the seed.</summary>
public sealed partial class WriteMix
{
    private const string Script = """
        redis.call('SET', KEYS[1], ARGV[1])
        redis.call('DEL', KEYS[2])
        redis.call('RPUSH', KEYS[2], ARGV[1], ARGV[2])
        return redis.call('HSET', KEYS[3], ARGV[2], ARGV[1])
        """;

    private static readonly Version Keepttl = new(6, 0);
    private static readonly Version Copy = new(6, 2);

    private readonly Dice _dice;
    private readonly KeyPicker _keys;
    private readonly ValueSource _values;
    private readonly (int Weight, Func<int, WriteOp> Draw)[] _table;
    private readonly int _totalWeight;
    private int _shortLived;

    public WriteMix(KeySpace keys, ulong seed, WriteMixOptions options)
    {
        _dice = new Dice(seed);
        _keys = new KeyPicker(keys, _dice);
        _values = new ValueSource(seed);
        _table =
        [
            .. Strings(),
            .. Lists(),
            .. Hashes(),
            .. Sets(),
            .. SortedSets(),
            .. Streams(),
            .. WholeKeys(),
            .. Overwrites(),
            .. options.Server >= Keepttl ? [(4, database => One(database, "SET", Key(KeyKind.Text, database), Value(), "KEEPTTL"))] : None,
            .. options.Server >= Copy ? Copies() : None,
            .. options.SilentStreamCommands ? SilentStreams() : None,
            .. keys.Databases > 1 ? Moves() : None,
            .. options.FieldExpiries ? FieldExpiries() : None,
        ];
        _totalWeight = _table.Sum(row => row.Weight);
    }

    private static IEnumerable<(int Weight, Func<int, WriteOp> Draw)> None => [];

    public WriteOp Next()
    {
        int draw = _dice.Below(_totalWeight);
        int row = 0;
        while (draw >= _table[row].Weight)
        {
            draw -= _table[row].Weight;
            row++;
        }

        return _table[row].Draw(_keys.PickDatabase());
    }

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> WholeKeys() =>
        [
            (25, database => One(database, "DEL", _keys.PickAny(database))),
            (15, database => One(database, "UNLINK", _keys.PickAny(database), _keys.PickAny(database))),
            (20, database => One(database, "EXPIRE", _keys.PickAny(database), _dice.Between(3600, 7200))),
            (10, database => One(database, "PEXPIRE", _keys.PickAny(database), _dice.Between(3_600_000, 9_999_999))),
            (8, database => One(database, "PEXPIRE", _keys.PickAny(database), ShortLife())),
            (2, database => One(database, "PEXPIREAT", _keys.PickAny(database), 1_000)),
            (10, database => One(database, "PERSIST", _keys.PickAny(database))),
            (12, Renamed("RENAME")),
            (4, Renamed("RENAMENX")),
            (40, database => One(database, "SET", NewShortLived(), Value(), "PX", ShortLife())),
            (10, ShortLivedHash),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> Overwrites() =>
        [
            (8, database => One(database, "SET", _keys.PickAny(database), Value())),
            (8, database => TypeChange(database)),
            (
                10,
                database =>
                    One(
                        database,
                        "EVAL",
                        Script,
                        3,
                        Key(KeyKind.Text, database),
                        Key(KeyKind.List, database),
                        Key(KeyKind.Hash, database),
                        Value(),
                        Member()
                    )
            ),
            (15, Transaction),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> Copies() =>
        [
            (
                6,
                database =>
                {
                    var kind = _keys.PickKind();
                    return One(database, "COPY", Key(kind, database), Key(kind, database), "REPLACE");
                }
            ),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> Moves() =>
        [(10, database => One(database, "MOVE", _keys.PickAny(database), (database + 1) % _keys.Databases))];

    private Func<int, WriteOp> Renamed(string command) =>
        database =>
        {
            var kind = _keys.PickKind();
            return One(database, command, Key(kind, database), Key(kind, database));
        };

    private WriteOp ShortLivedHash(int database)
    {
        var key = NewShortLived();
        return Several(database, Command("HSET", key, "field", Value()), Command("PEXPIRE", key, ShortLife()));
    }

    private WriteOp TypeChange(int database)
    {
        var key = _keys.PickAny(database);
        var refill = _dice.Below(4) switch
        {
            0 => Command("RPUSH", key, Member(), Member()),
            1 => Command("HSET", key, "field1", Member()),
            2 => Command("SADD", key, Member(), Member()),
            _ => Command("ZADD", key, Score(), Member()),
        };
        return Several(database, Command("DEL", key), refill);
    }

    private WriteOp Transaction(int database) =>
        Several(
            database,
            Command("SET", Key(KeyKind.Text, database), Value()),
            Command("HSET", Key(KeyKind.Hash, database), Field(), Member()),
            Command("ZADD", Key(KeyKind.SortedSet, database), Score(), Member())
        );

    private RedisKey NewShortLived() => $"short:{_shortLived++}";

    /// <summary>Milliseconds that a short-lived key lives: over before anybody compares the two servers at rest.</summary>
    private int ShortLife() => _dice.Between(200, WriterOptions.LongestShortLifeMilliseconds);

    private RedisKey Key(KeyKind kind, int database) => _keys.Pick(kind, database);

    private RedisValue Value() => _values.Text(_dice);

    private RedisValue Member() => _values.Member(_dice);

    private string Field() => $"field{_dice.Below(30)}";

    private RedisValue Score() => ValueSource.Score(_dice);

    private static WriteOp One(int database, string name, params object[] arguments) =>
        new(database, arguments.OfType<RedisKey>().First(), [Command(name, arguments)]);

    private static WriteOp Several(int database, params WriteCommand[] commands) =>
        new(database, commands[0].Arguments.OfType<RedisKey>().First(), commands);

    private static WriteCommand Command(string name, params object[] arguments) => new(name, arguments);
}
