using Keyferry.Cutover;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>The worlds in which the application is handed over to the target; each is a test of the same name.</summary>
internal static class HandoverProfiles
{
    private static SimProfile Handing { get; } =
        new SimProfile
        {
            Name = nameof(Handing),
            Source = new ServerOptions
            {
                Version = "7.2.4",
                PayloadVersion = 11,
                Missing = new HashSet<string>(),
                Users = ["app"],
            },
            Target = new ServerOptions
            {
                Version = "7.2.4",
                PayloadVersion = 11,
                Missing = new HashSet<string>(),
                Users = ["app"],
            },
            Keys = 20,
            Writes = 150,
            Busy = TimeSpan.FromSeconds(30),
            Clients = 2,
            Streams = true,
            Fences = [FenceKind.Pause, FenceKind.Acl],
        };

    public static SimProfile The_application_is_handed_over { get; } = Handing with { Name = nameof(The_application_is_handed_over) };

    public static SimProfile The_handover_meets_trouble { get; } =
        Handing with
        {
            Name = nameof(The_handover_meets_trouble),
            FaultsAtSteps = 0.15,
            Kinds =
            [
                .. SimProfiles.Network,
                FaultKind.StallForEver,
                FaultKind.Ignore,
                FaultKind.RestartSource,
                FaultKind.RestartTarget,
                FaultKind.FlagsOff,
                FaultKind.KillSubscribers,
                FaultKind.OutOfMemory,
                FaultKind.ReadOnly,
                FaultKind.LiftFence,
            ],
        };

    public static SimProfile Strangers_write_on_the_receiving_side { get; } =
        Handing with
        {
            Name = nameof(Strangers_write_on_the_receiving_side),
            StraysAtSteps = 0.5,
        };

    public static SimProfile Strangers_write_while_there_is_trouble { get; } =
        The_handover_meets_trouble with
        {
            Name = nameof(Strangers_write_while_there_is_trouble),
            StraysAtSteps = 0.3,
        };

    public static SimProfile The_process_dies_in_the_handover { get; } =
        The_handover_meets_trouble with
        {
            Name = nameof(The_process_dies_in_the_handover),
            Crashes = 1,
            FaultsAtSteps = 0.25,
        };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SimProfile> All { get; } =
    [
        The_application_is_handed_over,
        Strangers_write_on_the_receiving_side,
        The_handover_meets_trouble,
        Strangers_write_while_there_is_trouble,
        The_process_dies_in_the_handover,
    ];
}
