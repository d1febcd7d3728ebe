using Keyferry.Observe;

namespace Keyferry.Simulation.World;

/// <summary>For runs of which only the end matters.</summary>
internal sealed class SilentObserver : IRunObserver
{
    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        // Nobody listens.
    }
}
