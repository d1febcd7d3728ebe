namespace Keyferry.Model;

/// <summary>The names of types, as TYPE answers with them.</summary>
public static class KeyTypes
{
    /// <summary>The name; <c>other</c> for those of modules, as in <see cref="KeyKinds.KnownTypes"/>.</summary>
    public static string NameOf(KeyType type) =>
        type switch
        {
            KeyType.Text => "string",
            KeyType.List => "list",
            KeyType.Set => "set",
            KeyType.Zset => "zset",
            KeyType.Hash => "hash",
            KeyType.Stream => "stream",
            KeyType.Other => "other",
            _ => "unknown",
        };

    /// <summary>The type of a name; those of modules have names of their own.</summary>
    public static KeyType Of(string name) =>
        name switch
        {
            "string" => KeyType.Text,
            "list" => KeyType.List,
            "set" => KeyType.Set,
            "zset" => KeyType.Zset,
            "hash" => KeyType.Hash,
            "stream" => KeyType.Stream,
            _ => KeyType.Other,
        };
}
