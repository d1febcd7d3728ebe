using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server;

/// <summary>A key's value and what belongs to it.</summary>
internal sealed class KeyEntry(RedisValue value)
{
    public RedisValue Value { get; set; } = value;

    /// <summary>Milliseconds of the server's clock, or <see langword="null"/> for a key that stays.</summary>
    public long? ExpiresAt { get; set; }

    /// <summary>Last use, in milliseconds of the server's clock.</summary>
    public long UsedAt { get; set; }

    /// <summary>Bytes counted for it.</summary>
    public long Bytes { get; set; }
}
