using System.Diagnostics;

namespace Keyferry.Simulation.Scheduling;

/// <summary>Notices when work that started in the simulation continues on another thread, where its order is not ours to decide.</summary>
/// <remarks>
/// A value that flows with the execution context tells whose work it is. Its change handler runs on whatever thread the context arrives at, before the work does:
/// so an escaped continuation is caught with the stack that shows what it is, even if it never comes back.
/// </remarks>
internal sealed class EscapeGuard
{
    private static readonly AsyncLocal<EscapeGuard?> _current = new(static change => change.CurrentValue?.Arrived());

    private readonly int _thread = Environment.CurrentManagedThreadId;
    private string? _escape;

    /// <summary>Marks everything that the calling thread starts from now on as belonging to the simulation.</summary>
    public void Enter() => _current.Value = this;

    /// <summary>Ends the marking on the calling thread.</summary>
    public static void Leave() => _current.Value = null;

    /// <summary>Whether the caller is on the simulation's thread.</summary>
    public bool IsInside => Environment.CurrentManagedThreadId == _thread;

    /// <summary>Whether anything has escaped.</summary>
    public bool HasEscaped => Volatile.Read(ref _escape) is not null;

    /// <summary>Remembers an escape; the first one is told.</summary>
    public void Report(string what) => Interlocked.CompareExchange(ref _escape, $"{what}\n{new StackTrace(2, fNeedFileInfo: false)}", null);

    /// <summary>Fails the simulation if anything has escaped.</summary>
    public void ThrowIfEscaped()
    {
        if (Volatile.Read(ref _escape) is { } escape)
        {
            throw new SimulationFailedException($"Work left the deterministic scheduler: {escape}");
        }
    }

    private void Arrived()
    {
        if (!IsInside)
        {
            Report(
                "a continuation runs on another thread (ConfigureAwait(false), CancelAsync, Task.Run, a waiter of the base library with a token)."
            );
        }
    }
}
