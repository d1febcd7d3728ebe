namespace Keyferry.Observe;

/// <summary>What Keyferry may take from the source at one moment, and how the source bears it.</summary>
public sealed record PaceSnapshot
{
    /// <summary>The limits in words: <c>5,000 keys/s, source latency 2 ms</c>.</summary>
    public required string Limits { get; init; }

    /// <summary>Keys that may be read in a second; <see langword="null"/> for any.</summary>
    public long? KeysPerSecond { get; init; }

    /// <summary>Bytes of values that may be read in a second; <see langword="null"/> for any.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>What the source may take to answer; <see langword="null"/> where nobody asks.</summary>
    public TimeSpan? LatencyBudget { get; init; }

    /// <summary>What it takes, by PING from where Keyferry runs, on average over about the last half second; <see langword="null"/> where it is not measured.</summary>
    public TimeSpan? SourceLatency { get; init; }

    /// <summary>Keys a second that the latency budget allows now; <see langword="null"/> while it allows any.</summary>
    public double? AllowedKeysPerSecond { get; init; }

    /// <summary>How often Keyferry went slow to keep the source within its budget.</summary>
    public int SlowDowns { get; init; }

    /// <summary>For how long, all together.</summary>
    public TimeSpan Slowed { get; init; }
}
