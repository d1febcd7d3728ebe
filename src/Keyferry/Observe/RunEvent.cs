using Keyferry.Model;

namespace Keyferry.Observe;

/// <summary>Something worth telling that happened in a run. Holds neither keys nor values nor secrets.</summary>
/// <param name="At">When, by Keyferry's clock, UTC.</param>
public abstract record RunEvent(DateTimeOffset At)
{
    /// <summary>The run entered a phase.</summary>
    public sealed record PhaseEntered(DateTimeOffset At, Phase Phase, string Why) : RunEvent(At);

    /// <summary>A capture may have missed changes; a rescan will close the gap.</summary>
    /// <param name="At">When it was noticed.</param>
    /// <param name="Id">Counts from 1 within the run.</param>
    /// <param name="Reason">What happened, in words.</param>
    /// <param name="Scope">Which part of the keyspace is concerned, in words.</param>
    public sealed record GapOpened(DateTimeOffset At, int Id, string Reason, string Scope) : RunEvent(At);

    /// <summary>Everything that the gap concerned has been looked at again.</summary>
    public sealed record GapClosed(DateTimeOffset At, int Id, TimeSpan Open) : RunEvent(At);

    /// <summary>Something to know, such as flags that were changed or a connection that came back.</summary>
    public sealed record Note(DateTimeOffset At, NoteLevel Level, string Text) : RunEvent(At);
}

/// <summary>How urgent a note is.</summary>
public enum NoteLevel
{
    Information,
    Warning,
    Error,
}

/// <summary>Receives the events of a run, on whichever task raises them; must return at once and not throw.</summary>
public interface IRunObserver
{
    /// <summary>Takes one event.</summary>
    void On(RunEvent happened);
}
