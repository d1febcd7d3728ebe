namespace Keyferry.Simulation.Scheduling;

/// <summary>How much a simulation may use before it counts as hanging.</summary>
internal sealed record SchedulerBudget
{
    /// <summary>Callbacks run.</summary>
    public long Steps { get; init; } = 5_000_000;

    /// <summary>Virtual time passed.</summary>
    public TimeSpan VirtualTime { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Real time passed; only a blocking wait on the simulation's thread can use it up.</summary>
    public TimeSpan RealTime { get; init; } = TimeSpan.FromMinutes(2);
}
