using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>Events of a run in words.</summary>
internal static class EventText
{
    /// <summary>One line, without the time.</summary>
    public static string Of(RunEvent happened) =>
        happened switch
        {
            RunEvent.PhaseEntered entered =>
                $"phase {StatusRow.PhaseWord(entered.Phase)}{(entered.Why.Length > 0 ? ": " : "")}{entered.Why}",
            RunEvent.GapOpened gap => $"gap {gap.Id} opened: {gap.Reason} ({gap.Scope})",
            RunEvent.GapClosed gap => $"gap {gap.Id} closed after {Quantity.Duration(gap.Open)}",
            RunEvent.Note note => $"{LevelWord(note.Level)}: {note.Text}",
            _ => throw new ArgumentOutOfRangeException(nameof(happened), happened.GetType().Name, "an event without words"),
        };

    /// <summary>How urgent an event is.</summary>
    public static NoteLevel LevelOf(RunEvent happened) =>
        happened switch
        {
            RunEvent.GapOpened => NoteLevel.Warning,
            RunEvent.Note note => note.Level,
            _ => NoteLevel.Information,
        };

    /// <summary>The level in one word.</summary>
    public static string LevelWord(NoteLevel level) =>
        level switch
        {
            NoteLevel.Warning => "warning",
            NoteLevel.Error => "error",
            _ => "note",
        };
}
