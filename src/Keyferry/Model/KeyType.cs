namespace Keyferry.Model;

/// <summary>The type of a key's value, as TYPE names it.</summary>
public enum KeyType : byte
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary><c>string</c></summary>
    Text,

    /// <summary><c>list</c></summary>
    List,

    /// <summary><c>set</c></summary>
    Set,

    /// <summary><c>zset</c></summary>
    Zset,

    /// <summary><c>hash</c></summary>
    Hash,

    /// <summary><c>stream</c></summary>
    Stream,

    /// <summary>A type of a module, whatever its name.</summary>
    Other,
}
