using System.Text;

namespace Keyferry.Verify;

/// <summary>The names that TYPE answers with, as strings that need no allocation.</summary>
internal static class RedisTypes
{
    public const string None = "none";
    public const string Text = "string";
    public const string List = "list";
    public const string Set = "set";
    public const string SortedSet = "zset";
    public const string Hash = "hash";
    public const string Stream = "stream";
    public const string VectorSet = "vectorset";

    private static readonly string[] _known = [Text, Hash, SortedSet, Set, List, Stream, VectorSet, None];

    /// <summary>The name in <paramref name="bytes"/>.</summary>
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        foreach (var known in _known)
        {
            if (Ascii.Equals(bytes, known))
            {
                return known;
            }
        }

        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The command that tells the size of a value of <paramref name="type"/>, or <see langword="null"/> where size says nothing.</summary>
    public static string? SizeCommand(string type) =>
        type switch
        {
            Text => "STRLEN",
            Hash => "HLEN",
            SortedSet => "ZCARD",
            Set => "SCARD",
            List => "LLEN",
            _ => null,
        };
}
