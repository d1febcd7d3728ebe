using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>A look at a run together with what only several looks can tell: rates, and when the copy will be done.</summary>
internal sealed record ProgressView
{
    /// <summary>The latest look.</summary>
    public required ProgressSnapshot Now { get; init; }

    /// <summary>Keys of the first pass per second.</summary>
    public double KeysPerSecond { get; init; }

    /// <summary>Payload bytes written per second.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>Changes heard of per second.</summary>
    public double ChangesPerSecond { get; init; }

    /// <summary>Looks at changed keys that reached the target, per second.</summary>
    public double MovedPerSecond { get; init; }

    /// <summary>How long the first pass will still take at the present speed, or <see langword="null"/> where that cannot be said.</summary>
    public TimeSpan? CopyLeft { get; init; }

    /// <summary>Memory for waiting keys, in bytes, or 0 where the run does not follow changes.</summary>
    public long DirtyBudget { get; init; }

    /// <summary>The server that keys are moved from now: on the way back, the run's target.</summary>
    public string From { get; init; } = "";

    /// <summary>The server that they are moved to.</summary>
    public string To { get; init; } = "";

    /// <summary>Whether the run copies what is there (not in <c>live-only</c>, nor on the way back).</summary>
    public bool Copies { get; init; } = true;

    /// <summary>Whether the run follows changes (not in <c>snapshot</c>).</summary>
    public bool Follows { get; init; } = true;
}
