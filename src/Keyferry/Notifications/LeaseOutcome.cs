using Keyferry.State;

namespace Keyferry.Notifications;

/// <summary>What became of one lease when it was to be undone.</summary>
/// <param name="Lease">Which.</param>
/// <param name="Kind">What became of it.</param>
/// <param name="Words">The same in a sentence.</param>
internal sealed record LeaseOutcome(LeaseRecord Lease, LeaseOutcomeKind Kind, string Words)
{
    /// <summary>Whether the lease is done with.</summary>
    public bool IsClosed => Kind is LeaseOutcomeKind.PutBack or LeaseOutcomeKind.NothingToDo or LeaseOutcomeKind.ChangedByOthers;
}

/// <summary>The ways in which undoing a lease can end.</summary>
internal enum LeaseOutcomeKind
{
    /// <summary>The old value stands again.</summary>
    PutBack,

    /// <summary>The old value stood there already: the change was never made, or the server was restarted.</summary>
    NothingToDo,

    /// <summary>Somebody else has changed the value since; it was left alone.</summary>
    ChangedByOthers,

    /// <summary>The server could not be reached; the lease stays open.</summary>
    Unreachable,

    /// <summary>The server refused; the lease stays open.</summary>
    Refused,
}
