namespace Keyferry.Model;

/// <summary>The names that Keyferry uses for keys of its own (probes, temporary values). They are never moved, compared or counted.</summary>
internal static class ReservedKeys
{
    /// <summary>What every such name begins with.</summary>
    public static ReadOnlySpan<byte> Prefix => "keyferry:{"u8;

    /// <summary>Whether <paramref name="key"/> is one of Keyferry's own.</summary>
    public static bool Contains(ReadOnlySpan<byte> key) => key.StartsWith(Prefix);
}
