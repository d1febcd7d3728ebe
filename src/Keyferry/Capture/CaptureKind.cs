namespace Keyferry.Capture;

/// <summary>How changes are captured.</summary>
public enum CaptureKind
{
    /// <summary>The best that the source allows, and the run says why.</summary>
    Auto,

    /// <summary>Keyspace notifications.</summary>
    Notifications,

    /// <summary>Client tracking in broadcast mode.</summary>
    Tracking,

    /// <summary>Passes over both sides at an interval.</summary>
    Polling,
}
