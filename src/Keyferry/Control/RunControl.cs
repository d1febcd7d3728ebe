using Keyferry.Queue;

namespace Keyferry.Control;

/// <summary>What can be asked of a run while it goes on, by whoever holds it: another terminal, a program, a test. Thread-safe; every call returns at once.</summary>
internal sealed class RunControl
{
    private const string ByOperator = "paused by the operator (keyferry resume goes on)";

    /// <summary>What keeps the lanes from moving keys.</summary>
    public PauseGate Gate { get; } = new();

    /// <summary>Whether the operator has paused the run.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Stops moving keys. Changes are heard of and wait within their memory budget; beyond it the source is scanned again later.</summary>
    /// <returns>Whether that is new.</returns>
    public bool Pause()
    {
        IsPaused = true;
        return Gate.Close(ByOperator);
    }

    /// <summary>Moves keys again.</summary>
    /// <returns>Whether the run was paused.</returns>
    public bool Resume()
    {
        IsPaused = false;
        return Gate.Open(ByOperator);
    }
}
