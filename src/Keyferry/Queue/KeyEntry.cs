namespace Keyferry.Queue;

/// <summary>A key that is to be looked at, as it lies in memory; the bytes belong to whoever handed it out.</summary>
internal ref struct KeyEntry
{
    /// <summary>Logical database of the source.</summary>
    public int Database { get; init; }

    /// <summary>The key's name.</summary>
    public ReadOnlySpan<byte> Key { get; init; }

    /// <summary>Hash of database and name.</summary>
    public uint Hash { get; init; }

    /// <summary>Why it is to be looked at.</summary>
    public KeyFlags Flags { get; init; }

    /// <summary>The lane's count of marks when this key was first marked; a lane is settled up to a mark once no waiting or moving key has a smaller one.</summary>
    public long Sequence { get; init; }

    /// <summary>When the change was heard of, in milliseconds since the lane began; meaningful with <see cref="KeyFlags.Live"/>.</summary>
    public uint Milliseconds { get; init; }

    /// <summary>The same key with its place in the lane's count.</summary>
    public readonly KeyEntry At(long sequence) =>
        new()
        {
            Database = Database,
            Key = Key,
            Hash = Hash,
            Flags = Flags,
            Sequence = sequence,
        };
}

/// <summary>Why a key is to be looked at.</summary>
[Flags]
internal enum KeyFlags : byte
{
    None = 0,

    /// <summary>A capture reported a change of it; its lag counts.</summary>
    Live = 1,

    /// <summary>SCAN found it in the first pass.</summary>
    Snapshot = 2,

    /// <summary>A rescan or a verify asked for another look.</summary>
    Look = 4,

    /// <summary>An earlier look at it failed; it came back out of turn.</summary>
    Again = 8,
}
