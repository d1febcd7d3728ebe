namespace Keyferry.Simulation.Server.Values;

/// <summary>A value of one of Redis's types.</summary>
internal abstract class RedisValue
{
    /// <summary>What TYPE says.</summary>
    public abstract string TypeName { get; }

    /// <summary>Payload bytes, for the memory limit.</summary>
    public abstract long Bytes { get; }

    /// <summary>Whether the key has to go, because nothing is left in it.</summary>
    public virtual bool IsEmpty => false;
}

internal sealed class StringValue(Blob text) : RedisValue
{
    public Blob Text { get; set; } = text;

    public override string TypeName => "string";

    public override long Bytes => Text.Length;
}

internal sealed class ListValue : RedisValue
{
    public List<Blob> Items { get; } = [];

    public override string TypeName => "list";

    public override long Bytes => Items.Sum(static item => (long)item.Length);

    public override bool IsEmpty => Items.Count == 0;
}

internal sealed class SetValue(ulong seed) : RedisValue
{
    public ScanTable<bool> Members { get; } = new(seed);

    public override string TypeName => "set";

    public override long Bytes => Members.Sum(static pair => (long)pair.Key.Length);

    public override bool IsEmpty => Members.Count == 0;
}

internal sealed class HashValue(ulong seed) : RedisValue
{
    public ScanTable<Blob> Fields { get; } = new(seed);

    public override string TypeName => "hash";

    public override long Bytes => Fields.Sum(static pair => (long)pair.Key.Length + pair.Value.Length);

    public override bool IsEmpty => Fields.Count == 0;
}

internal sealed class SortedSetValue(ulong seed) : RedisValue
{
    public ScanTable<double> Members { get; } = new(seed);

    /// <summary>By score, then by name.</summary>
    public IEnumerable<KeyValuePair<Blob, double>> Sorted => Members.OrderBy(static pair => pair.Value).ThenBy(static pair => pair.Key);

    public override string TypeName => "zset";

    public override long Bytes => Members.Sum(static pair => (long)pair.Key.Length + 8);

    public override bool IsEmpty => Members.Count == 0;
}
