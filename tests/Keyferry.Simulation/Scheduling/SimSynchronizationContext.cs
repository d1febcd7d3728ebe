namespace Keyferry.Simulation.Scheduling;

/// <summary>Brings every continuation back to the scheduler.</summary>
/// <remarks>Each step runs under an instance of its own. A task that completes therefore never runs its continuations in place: they queue, and may be overtaken.</remarks>
internal sealed class SimSynchronizationContext(DeterministicScheduler scheduler) : SynchronizationContext
{
    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state) => scheduler.Enqueue(() => d(state), "continuation");

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) => d(state);

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;
}
