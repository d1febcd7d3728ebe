using Keyferry.Traffic.Keys;

namespace Keyferry.Traffic.Writing;

public sealed partial class WriteMix
{
    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> Strings() =>
        [
            (120, database => One(database, "SET", Key(KeyKind.Text, database), Value())),
            (10, database => One(database, "SET", Key(KeyKind.Text, database), Value(), "EX", _dice.Between(3600, 7200))),
            (10, database => One(database, "SETNX", Key(KeyKind.Text, database), Value())),
            (5, database => One(database, "GETSET", Key(KeyKind.Text, database), Value())),
            (10, database => One(database, "MSET", Key(KeyKind.Text, database), Value(), Key(KeyKind.Text, database), Value())),
            (30, database => One(database, "APPEND", Key(KeyKind.Text, database), Member())),
            (15, database => One(database, "SETRANGE", Key(KeyKind.Text, database), _dice.Below(300), Member())),
            (40, database => One(database, "INCR", Key(KeyKind.Counter, database))),
            (10, database => One(database, "DECRBY", Key(KeyKind.Counter, database), _dice.Below(1000))),
            (10, database => One(database, "INCRBYFLOAT", Key(KeyKind.Real, database), _dice.Below(1000) / 7.0)),
            (15, database => One(database, "SETBIT", Key(KeyKind.Bitmap, database), _dice.Below(8000), _dice.Below(2))),
            (
                3,
                database =>
                    One(
                        database,
                        "BITOP",
                        "OR",
                        Key(KeyKind.Bitmap, database),
                        Key(KeyKind.Bitmap, database),
                        Key(KeyKind.Bitmap, database)
                    )
            ),
            (3, database => One(database, "BITFIELD", Key(KeyKind.Bitmap, database), "INCRBY", "u8", _dice.Below(4000), 1)),
            (15, database => One(database, "PFADD", Key(KeyKind.HyperLogLog, database), Member(), Member())),
            (3, database => One(database, "PFMERGE", Key(KeyKind.HyperLogLog, database), Key(KeyKind.HyperLogLog, database))),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> Lists() =>
        [
            (25, database => One(database, "RPUSH", Key(KeyKind.List, database), Member(), Member())),
            (25, database => One(database, "LPUSH", Key(KeyKind.List, database), Member())),
            (20, database => One(database, "LPOP", Key(KeyKind.List, database))),
            (20, database => One(database, "RPOP", Key(KeyKind.List, database))),
            (5, database => One(database, "LTRIM", Key(KeyKind.List, database), 0, _dice.Between(0, 40))),
            (5, database => One(database, "LSET", Key(KeyKind.List, database), 0, Member())),
            (3, database => One(database, "LREM", Key(KeyKind.List, database), 1, Member())),
            (8, database => One(database, "RPOPLPUSH", Key(KeyKind.List, database), Key(KeyKind.List, database))),
            (3, database => One(database, "SORT", Key(KeyKind.List, database), "ALPHA", "STORE", Key(KeyKind.List, database))),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> Hashes() =>
        [
            (50, database => One(database, "HSET", Key(KeyKind.Hash, database), Field(), Member())),
            (10, database => One(database, "HMSET", Key(KeyKind.Hash, database), Field(), Member(), Field(), Member())),
            (20, database => One(database, "HDEL", Key(KeyKind.Hash, database), Field(), Field())),
            (15, database => One(database, "HINCRBY", Key(KeyKind.Hash, database), "counter", _dice.Below(100))),
            (5, database => One(database, "HINCRBYFLOAT", Key(KeyKind.Hash, database), "real", _dice.Below(100) / 3.0)),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> FieldExpiries() =>
        [
            (
                8,
                database =>
                    One(database, "HPEXPIRE", Key(KeyKind.Hash, database), _dice.Between(3_600_000, 9_999_999), "FIELDS", 1, Field())
            ),
            (4, database => One(database, "HPERSIST", Key(KeyKind.Hash, database), "FIELDS", 1, Field())),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> Sets() =>
        [
            (25, database => One(database, "SADD", Key(KeyKind.Set, database), Member(), Member())),
            (15, database => One(database, "SREM", Key(KeyKind.Set, database), _dice.Below(1_000_000))),
            (15, database => One(database, "SPOP", Key(KeyKind.Set, database))),
            (10, database => One(database, "SADD", Key(KeyKind.IntegerSet, database), _dice.Below(100_000))),
            (10, database => One(database, "SPOP", Key(KeyKind.IntegerSet, database), 2)),
            (3, database => One(database, "SMOVE", Key(KeyKind.Set, database), Key(KeyKind.Set, database), _dice.Below(1_000_000))),
            (
                2,
                database => One(database, "SDIFFSTORE", Key(KeyKind.Set, database), Key(KeyKind.Set, database), Key(KeyKind.Set, database))
            ),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> SortedSets() =>
        [
            (30, database => One(database, "ZADD", Key(KeyKind.SortedSet, database), Score(), Member())),
            (15, database => One(database, "ZINCRBY", Key(KeyKind.SortedSet, database), _dice.Below(100) / 3.0, _dice.Below(1000))),
            (10, database => One(database, "ZREM", Key(KeyKind.SortedSet, database), _dice.Below(1_000))),
            (15, database => One(database, "ZPOPMIN", Key(KeyKind.SortedSet, database))),
            (8, database => One(database, "ZREMRANGEBYRANK", Key(KeyKind.SortedSet, database), 0, 0)),
            (
                2,
                database =>
                    One(
                        database,
                        "ZINTERSTORE",
                        Key(KeyKind.SortedSet, database),
                        2,
                        Key(KeyKind.SortedSet, database),
                        Key(KeyKind.SortedSet, database)
                    )
            ),
            (
                10,
                database =>
                    One(
                        database,
                        "GEOADD",
                        Key(KeyKind.Geo, database),
                        _dice.Between(-180, 180),
                        _dice.Between(-85, 85),
                        $"place{_dice.Below(20)}"
                    )
            ),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> Streams() =>
        [
            (30, database => One(database, "XADD", Key(KeyKind.Stream, database), "*", "field", Member())),
            (10, database => One(database, "XADD", Key(KeyKind.Stream, database), "MAXLEN", 8, "*", "field", Member(), "other", Member())),
            (5, database => One(database, "XTRIM", Key(KeyKind.Stream, database), "MAXLEN", 4)),
            (5, database => One(database, "XDEL", Key(KeyKind.Stream, database), $"1700000000000-{_dice.Between(1, 5)}")),
            (2, database => One(database, "XGROUP", "CREATE", Key(KeyKind.Stream, database), $"group{_dice.Below(3)}", "0", "MKSTREAM")),
            (2, database => One(database, "XGROUP", "DESTROY", Key(KeyKind.Stream, database), $"group{_dice.Below(3)}")),
            (2, database => One(database, "XGROUP", "SETID", Key(KeyKind.Stream, database), "workers", "$")),
        ];

    private IEnumerable<(int Weight, Func<int, WriteOp> Draw)> SilentStreams() =>
        [
            (
                10,
                database =>
                    One(database, "XREADGROUP", "GROUP", "workers", "anna", "COUNT", 2, "STREAMS", Key(KeyKind.Stream, database), ">")
            ),
            (5, database => One(database, "XACK", Key(KeyKind.Stream, database), "workers", $"1700000000000-{_dice.Between(1, 5)}")),
            (
                2,
                database =>
                    One(database, "XCLAIM", Key(KeyKind.Stream, database), "workers", "bert", 0, $"1700000000000-{_dice.Between(1, 5)}")
            ),
        ];
}
