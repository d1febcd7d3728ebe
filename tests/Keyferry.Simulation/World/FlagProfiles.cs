using Keyferry.Capture;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>Worlds in which somebody changes the notification flags, and most sources do not let them be read; each is a test of the same name.</summary>
internal static class FlagProfiles
{
    private static ServerOptions Unreadable { get; } =
        new()
        {
            EventFlags = "AKE",
            Denied = new HashSet<string>(StringComparer.Ordinal) { "config|get", "config|set" },
        };

    /// <summary>However short the time is, the source counts whoever sets flags.</summary>
    public static SimProfile Flags_that_cannot_be_read_go_and_come { get; } =
        new()
        {
            Name = nameof(Flags_that_cannot_be_read_go_and_come),
            NoticesEverything = true,
            Source = Unreadable,
            Captures = [CaptureKind.Notifications, CaptureKind.Auto],
            Faults = 5,
            Kinds =
            [
                FaultKind.FlagsOffAndOn,
                FaultKind.FlagsOffAndOn,
                FaultKind.FlagsOffAndOn,
                FaultKind.FlagsOff,
                FaultKind.RestartSource,
                .. SimProfiles.Network,
            ],
            Flushes = true,
            Streams = true,
        };

    /// <summary>Seen by reading, or by the counts where they are on again before the next look.</summary>
    public static SimProfile Flags_go_and_come { get; } =
        Flags_that_cannot_be_read_go_and_come with
        {
            Name = nameof(Flags_go_and_come),
            Source = new() { EventFlags = "AKE" },
            Faults = 3,
        };

    /// <summary>Only keys that are written can show it.</summary>
    public static SimProfile Flags_that_cannot_be_read_go_and_nothing_counts_it { get; } =
        new()
        {
            Name = nameof(Flags_that_cannot_be_read_go_and_nothing_counts_it),
            NoticesEverything = true,
            Source = Unreadable with { CountsCommands = false },
            Captures = [CaptureKind.Notifications, CaptureKind.Auto],
            Busy = TimeSpan.FromSeconds(45),
            Faults = 5,
            Kinds = [FaultKind.FlagsOffForLong, FaultKind.FlagsOffForLong, .. SimProfiles.Network],
        };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SimProfile> All { get; } =
    [Flags_that_cannot_be_read_go_and_come, Flags_go_and_come, Flags_that_cannot_be_read_go_and_nothing_counts_it];
}
