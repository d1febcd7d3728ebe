using Keyferry.Observe;

namespace Keyferry.Migration;

/// <summary>Tells of the way back without taking its phases and gaps for those of the run that it belongs to.</summary>
internal sealed class BackObserver(IRunObserver observer) : IRunObserver
{
    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        var (level, text) = happened switch
        {
            RunEvent.Note note => (note.Level, note.Text),
            RunEvent.PhaseEntered entered => (NoteLevel.Information, $"{entered.Phase}: {entered.Why}"),
            RunEvent.GapOpened gap => (NoteLevel.Warning, $"gap {gap.Id} opened: {gap.Reason}"),
            RunEvent.GapClosed gap => (NoteLevel.Information, $"gap {gap.Id} closed"),
            _ => (NoteLevel.Information, happened.GetType().Name),
        };
        observer.On(new RunEvent.Note(happened.At, level, $"way back: {text}"));
    }
}
