namespace Keyferry.Payloads;

/// <summary>The first byte of a DUMP payload: what type of value follows, and in which encoding. (Seen in payloads of 13 servers.)</summary>
internal enum PayloadType : byte
{
    Text = 0,
    List = 1,
    Set = 2,
    Hash = 4,

    /// <summary>A sorted set with its scores in eight bytes each.</summary>
    SortedSet = 5,
    OldModule = 6,
    Module = 7,
    IntegerSet = 11,

    /// <summary>A stream as Redis 5.0 to 6.2 write it.</summary>
    StreamOf5 = 15,

    /// <summary>From here on 7.0.</summary>
    HashListpack = 16,
    SortedSetListpack = 17,
    ListOfListpacks = 18,
    StreamOf7 = 19,

    /// <summary>From here on 7.2 and every Valkey.</summary>
    SetListpack = 20,
    StreamOf72 = 21,

    /// <summary>A hash with field expiries, as Valkey 9 writes it.</summary>
    ValkeyHashWithExpiries = 22,

    /// <summary>A hash with field expiries, as Redis 7.4 writes a large one.</summary>
    HashWithExpiries = 24,

    /// <summary>A hash with field expiries, as Redis 7.4 writes a small one.</summary>
    HashListpackWithExpiries = 25,

    /// <summary>A stream as Redis 8.6 writes it.</summary>
    StreamOf86 = 26,
}
