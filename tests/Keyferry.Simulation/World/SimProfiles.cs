using Keyferry.Capture;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.World;

/// <summary>The worlds in which the engine is tried; each is a test of the same name.</summary>
internal static class SimProfiles
{
    internal static FaultKind[] Network { get; } =
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

    private static CaptureKind[] AllCaptures { get; } =
    [CaptureKind.Auto, CaptureKind.Notifications, CaptureKind.Tracking, CaptureKind.Polling];

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
            Captures = AllCaptures,
        };

    public static SimProfile Read_slowly { get; } =
        new SimProfile
        {
            Name = nameof(Read_slowly),
            NoticesEverything = true,
            IsPaced = true,
            Faults = 6,
            Kinds = [FaultKind.Slow, FaultKind.Slow, .. Everything],
            Streams = true,
            Captures = AllCaptures,
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
            Captures = AllCaptures,
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

    public static SimProfile Killed_and_resumed { get; } =
        new SimProfile
        {
            Name = nameof(Killed_and_resumed),
            NoticesEverything = true,
            Crashes = 3,
            Faults = 2,
            Kinds = Network,
            Flushes = true,
            Streams = true,
            Writes = 120,
        };

    public static SimProfile The_source_fails_over { get; } =
        new SimProfile
        {
            Name = nameof(The_source_fails_over),
            NoticesEverything = true,
            Faults = 4,
            Kinds = [FaultKind.Failover, FaultKind.Failover, FaultKind.KillSubscribers, .. Network],
            Streams = true,
            Captures = AllCaptures,
            Writes = 120,
        };

    public static SimProfile The_target_has_keys_of_its_own { get; } =
        new SimProfile
        {
            Name = nameof(The_target_has_keys_of_its_own),
            Faults = 3,
            Kinds = [.. Network, FaultKind.FlagsOff, FaultKind.KillSubscribers],
            Crashes = 1,
            Captures = [CaptureKind.Notifications, CaptureKind.Polling],
            TargetKeys = [TargetKeys.Merge, TargetKeys.Merge, TargetKeys.Replace],
            TargetHas = 40,
            Keys = 30,
            Writes = 120,
        };

    public static SimProfile A_snapshot_of_a_source_at_rest { get; } =
        new SimProfile
        {
            Name = nameof(A_snapshot_of_a_source_at_rest),
            Modes = [MigrationMode.Snapshot],
            Writes = 0,
            Busy = TimeSpan.FromSeconds(3),
            Faults = 4,
            Kinds = Everything,
            Varies = true,
        };

    public static SimProfile A_snapshot_of_a_busy_source { get; } =
        new SimProfile
        {
            Name = nameof(A_snapshot_of_a_busy_source),
            Modes = [MigrationMode.Snapshot],
            Writes = 30,
            Busy = TimeSpan.FromSeconds(3),
            Faults = 3,
            Kinds = Everything,
            Flushes = true,
            Streams = true,
        };

    public static SimProfile Only_changes_are_moved { get; } =
        new SimProfile
        {
            Name = nameof(Only_changes_are_moved),
            Modes = [MigrationMode.LiveOnly],
            TargetKeys = [TargetKeys.Merge, TargetKeys.Replace],
            TargetIsCopy = true,
            Captures = [CaptureKind.Notifications, CaptureKind.Polling],
            Faults = 4,
            Kinds = [.. Network, FaultKind.FlagsOff, FaultKind.KillSubscribers, FaultKind.RestartTarget],
            Writes = 120,
        };

    public static SimProfile Nothing_is_heard { get; } =
        new SimProfile
        {
            Name = nameof(Nothing_is_heard),
            NoticesEverything = true,
            Captures = [CaptureKind.Polling],
            Faults = 4,
            Kinds = Everything,
            Flushes = true,
            Streams = true,
            Varies = true,
            Writes = 120,
        };

    public static SimProfile Long_pauses { get; } =
        new SimProfile
        {
            Name = nameof(Long_pauses),
            NoticesEverything = true,
            Faults = 3,
            Kinds = [FaultKind.Pause, FaultKind.Pause, FaultKind.Stall, FaultKind.Slow],
            Freezes = 2,
            Captures = AllCaptures,
            Writes = 120,
        };

    public static SimProfile Hardly_any_memory { get; } =
        new SimProfile
        {
            Name = nameof(Hardly_any_memory),
            NoticesEverything = true,
            DirtyBudget = 64,
            Faults = 3,
            Kinds = Network,
            Flushes = true,
            Streams = true,
            Captures = AllCaptures,
            Writes = 150,
        };

    public static SimProfile Everything_at_once { get; } =
        new SimProfile
        {
            Name = nameof(Everything_at_once),
            DirtyBudget = 16_384,
            Crashes = 2,
            Freezes = 1,
            Faults = 6,
            Kinds = [.. Everything, FaultKind.Failover, FaultKind.EmptyTarget, FaultKind.Pause],
            Flushes = true,
            Streams = true,
            Varies = true,
            Captures = AllCaptures,
            TargetKeys = [TargetKeys.Refuse, TargetKeys.Replace],
            Keys = 30,
            Writes = 100,
        };

    public static SimProfile Only_some_kinds_are_moved { get; } =
        new SimProfile
        {
            Name = nameof(Only_some_kinds_are_moved),
            NoticesEverything = true,
            Choice = new SimChoice
            {
                Ask = static options =>
                    options with
                    {
                        Kinds = new KeyKinds { Types = ["string", "list"], Expiring = false },
                    },
                Belongs = static (_, entry) => entry is { Value: StringValue or ListValue, ExpiresAt: null },
            },
            Faults = 3,
            Kinds = [.. Network, FaultKind.FlagsOff, FaultKind.KillSubscribers],
            Crashes = 1,
            Flushes = true,
            Varies = true,
            Captures = AllCaptures,
            TargetKeys = [TargetKeys.Refuse, TargetKeys.Replace],
            Writes = 150,
        };

    public static SimProfile Keys_are_called_otherwise_on_the_target { get; } =
        new SimProfile
        {
            Name = nameof(Keys_are_called_otherwise_on_the_target),
            NoticesEverything = true,
            Choice = new SimChoice
            {
                Ask = static options =>
                    options with
                    {
                        Names = new KeyNames(
                            [],
                            ["hot"],
                            slots: null,
                            [new PrefixRename("old:", "past:"), new PatternRename("new:([0-9]+)", "n{$1}")]
                        ),
                    },
                Belongs = static (key, _) => key.ToString() != "hot",
                Called = static key =>
                    key.ToString() switch
                    {
                        ['o', 'l', 'd', ':', .. var rest] => $"past:{rest}",
                        ['n', 'e', 'w', ':', .. var rest] => $"n{{{rest}}}",
                        _ => key,
                    },
                IsTheRuns = static key => key.ToString() != "hot",
            },
            Faults = 3,
            Kinds = [.. Network, FaultKind.FlagsOff, FaultKind.KillSubscribers, FaultKind.RestartTarget],
            Crashes = 1,
            Flushes = true,
            Streams = true,
            Varies = true,
            Captures = AllCaptures,
            TargetKeys = [TargetKeys.Refuse, TargetKeys.Replace],
            Writes = 150,
        };

    public static SimProfile Idle_keys_are_left_out { get; } =
        new SimProfile
        {
            Name = nameof(Idle_keys_are_left_out),
            NoticesEverything = true,
            Keys = 40,
            Writes = 250,
            Busy = TimeSpan.FromSeconds(30),
            Faults = 12,
            // Long times of which nobody hears, and what keeps uses from being noted in the midst of them.
            Kinds = [FaultKind.Refuse, FaultKind.Refuse, FaultKind.Stall, FaultKind.Save, FaultKind.HideUses, FaultKind.RestartTarget],
            Source = new ServerOptions
            {
                Version = "7.2.4",
                PayloadVersion = 11,
                Missing = new HashSet<string>(),
            },
            Target = new ServerOptions
            {
                Version = "7.2.4",
                PayloadVersion = 11,
                Missing = new HashSet<string>(),
            },
            DirtyBudget = 16_384,
        };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SimProfile> All { get; } =
    [
        Calm,
        Broken_networks,
        Everything_goes_wrong,
        All_captures_on_all_kinds_of_servers,
        Read_slowly,
        Faults_from_the_first_moment,
        The_target_restarts_empty,
        Little_memory,
        Killed_and_resumed,
        The_source_fails_over,
        The_target_has_keys_of_its_own,
        A_snapshot_of_a_source_at_rest,
        A_snapshot_of_a_busy_source,
        Only_changes_are_moved,
        Nothing_is_heard,
        Long_pauses,
        Hardly_any_memory,
        Everything_at_once,
        Only_some_kinds_are_moved,
        Keys_are_called_otherwise_on_the_target,
        Idle_keys_are_left_out,
    ];
}
