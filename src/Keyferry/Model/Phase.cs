namespace Keyferry.Model;

/// <summary>Where a run is. The arrows between the phases are data, a table of their own.</summary>
public enum Phase
{
    /// <summary>Decided, nothing touched.</summary>
    Planned,

    /// <summary>Taking leases (notification flags) and opening captures; nothing is copied before every capture is proved to listen.</summary>
    Arming,

    /// <summary>The snapshot is under way, or a gap is being closed; live changes go first.</summary>
    Copying,

    /// <summary>Everything known has been copied; changes are moved as they come.</summary>
    Following,

    /// <summary>Keeping clients from writing to the source.</summary>
    Fencing,

    /// <summary>Emptying all queues.</summary>
    Draining,

    /// <summary>Comparing both sides.</summary>
    Proving,

    /// <summary>Handing the clients over to the target.</summary>
    Switching,

    /// <summary>The answer of the switch was lost: only a person can say who owns the data.</summary>
    OwnershipUnknown,

    /// <summary>Switched, and the way back is kept open.</summary>
    Reversible,

    /// <summary>Ended as planned; the verdict says with what.</summary>
    Completed,

    /// <summary>Ended early by the operator or by a failure; leases were given back.</summary>
    Aborted,
}
