namespace Keyferry.Throttle;

/// <summary>What Keyferry may take from the source. All <see langword="null"/> by default: as much as it gives.</summary>
internal sealed record PaceLimits
{
    /// <summary>Nothing is limited.</summary>
    public static PaceLimits None { get; } = new();

    /// <summary>Keys that may be read in a second, by whatever reads them: copy, changes, rescans, comparisons.</summary>
    public long? KeysPerSecond { get; init; }

    /// <summary>Bytes of values that may be read in a second.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>How long the source may take to answer, on average; copy, rescans and comparisons go slower for it, changes do not.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Whether there is a limit that changes have to keep, too.</summary>
    public bool IsHard => (KeysPerSecond ?? BytesPerSecond) is not null;

    /// <summary>In words: <c>5,000 keys/s, 20 MB/s, latency 2 ms</c>.</summary>
    public string Words
    {
        get
        {
            var parts = new List<string>();
            if (KeysPerSecond is { } keys)
            {
                parts.Add($"{keys:#,0} keys/s");
            }

            if (BytesPerSecond is { } bytes)
            {
                parts.Add($"{bytes / 1e6:#,0.###} MB/s");
            }

            if (Latency is { } latency)
            {
                parts.Add($"source latency {latency.TotalMilliseconds:0.###} ms");
            }

            return parts.Count == 0 ? "no limit" : string.Join(", ", parts);
        }
    }
}
