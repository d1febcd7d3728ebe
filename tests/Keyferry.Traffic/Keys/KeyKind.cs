namespace Keyferry.Traffic.Keys;

/// <summary>What a key holds, finer than the server's types where the commands differ.</summary>
public enum KeyKind
{
    Text,
    Counter,
    Real,
    HyperLogLog,
    Bitmap,
    Hash,
    List,
    Set,
    IntegerSet,
    SortedSet,
    Geo,
    Stream,
}
