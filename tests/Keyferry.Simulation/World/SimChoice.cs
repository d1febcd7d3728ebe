using Keyferry.Migration;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>A part of the source that a run is to move, said twice: as the options of the run, and in words of the simulation's own, which its result is judged by.</summary>
internal sealed record SimChoice
{
    /// <summary>Everything, under its own names.</summary>
    public static readonly SimChoice Everything = new();

    /// <summary>What the run is asked.</summary>
    public Func<MigrationOptions, MigrationOptions> Ask { get; init; } = static options => options;

    /// <summary>Whether a key that the source has now is to be on the target.</summary>
    public Func<Blob, KeyEntry, bool> Belongs { get; init; } = static (_, _) => true;

    /// <summary>What a key of the source is called on the target.</summary>
    public Func<Blob, Blob> Called { get; init; } = static key => key;

    /// <summary>Whether the run may write a key of the target, by its name.</summary>
    public Func<Blob, bool> IsTheRuns { get; init; } = static _ => true;
}
