using Keyferry.Capture;

namespace Keyferry.Simulation.World;

/// <summary>The worlds in which the engine is tried; each is a test of the same name.</summary>
internal static class SimProfiles
{
    private static FaultKind[] Network { get; } =
    [FaultKind.Cut, FaultKind.Truncate, FaultKind.Stall, FaultKind.Slow, FaultKind.Refuse, FaultKind.DoubleMessages];

    private static FaultKind[] Everything { get; } =
    [
        .. Network,
        FaultKind.StallForEver,
        FaultKind.Ignore,
        FaultKind.RestartSource,
        FaultKind.RestartTarget,
        FaultKind.FlagsOff,
        FaultKind.KillSubscribers,
        FaultKind.OutOfMemory,
        FaultKind.ReadOnly,
    ];

    public static SimProfile Calm { get; } =
        new SimProfile
        {
            Name = nameof(Calm),
            MustBeEqual = true,
            NoticesEverything = true,
        };

    public static SimProfile Broken_networks { get; } =
        new SimProfile
        {
            Name = nameof(Broken_networks),
            NoticesEverything = true,
            Faults = 6,
            Kinds = Network,
        };

    public static SimProfile Everything_goes_wrong { get; } =
        new SimProfile
        {
            Name = nameof(Everything_goes_wrong),
            NoticesEverything = true,
            Faults = 5,
            Kinds = Everything,
            Flushes = true,
            Streams = true,
        };

    public static SimProfile All_captures_on_all_kinds_of_servers { get; } =
        new SimProfile
        {
            Name = nameof(All_captures_on_all_kinds_of_servers),
            NoticesEverything = true,
            Faults = 5,
            Kinds = Everything,
            Flushes = true,
            Streams = true,
            Varies = true,
            Captures = [CaptureKind.Auto, CaptureKind.Notifications, CaptureKind.Tracking, CaptureKind.Polling],
        };

    public static SimProfile Faults_from_the_first_moment { get; } =
        new SimProfile
        {
            Name = nameof(Faults_from_the_first_moment),
            NoticesEverything = true,
            Keys = 10,
            Writes = 20,
            Busy = TimeSpan.FromMilliseconds(200),
            Faults = 5,
            Kinds = Everything,
            Streams = true,
            Captures = [CaptureKind.Auto, CaptureKind.Notifications, CaptureKind.Tracking, CaptureKind.Polling],
        };

    public static SimProfile The_target_restarts_empty { get; } =
        new SimProfile
        {
            Name = nameof(The_target_restarts_empty),
            Faults = 3,
            Kinds = [FaultKind.EmptyTarget, FaultKind.Cut],
        };

    public static SimProfile Little_memory { get; } =
        new SimProfile
        {
            Name = nameof(Little_memory),
            NoticesEverything = true,
            Faults = 3,
            Kinds = Network,
            Writes = 600,
            DirtyBudget = 4096,
        };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SimProfile> All { get; } =
    [
        Calm,
        Broken_networks,
        Everything_goes_wrong,
        All_captures_on_all_kinds_of_servers,
        Faults_from_the_first_moment,
        The_target_restarts_empty,
        Little_memory,
    ];
}
