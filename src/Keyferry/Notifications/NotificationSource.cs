namespace Keyferry.Notifications;

/// <summary>What the flags of a server are now that a run may listen.</summary>
internal sealed record NotificationSource
{
    /// <summary>The family to listen to.</summary>
    public required ChannelFamily Family { get; init; }

    /// <summary>What stood there before, as the server told it; <see langword="null"/> where it cannot be read.</summary>
    public required string? Before { get; init; }

    /// <summary>What stands there now; <see langword="null"/> where it cannot be read.</summary>
    public required string? Now { get; init; }

    /// <summary>Whether Keyferry has changed it just now, under a lease.</summary>
    public required bool Changed { get; init; }

    /// <summary>Why the flags could not be read, so that they were tried out; <see langword="null"/> where they were read.</summary>
    public FlagObstacle? Unread { get; init; }

    /// <summary>Why it is not certain that every change will be told, or <see langword="null"/>.</summary>
    public string? Doubt { get; init; }

    /// <summary>What was found and done, in one sentence.</summary>
    public required string Words { get; init; }
}
