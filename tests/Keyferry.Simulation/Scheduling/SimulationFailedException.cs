namespace Keyferry.Simulation.Scheduling;

/// <summary>The simulation itself cannot go on: a hang, an exhausted budget, a continuation that left the scheduler.</summary>
internal sealed class SimulationFailedException(string message, Exception? inner = null) : Exception(message, inner);
