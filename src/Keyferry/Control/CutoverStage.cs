namespace Keyferry.Control;

/// <summary>How far a cutover has come, in order: what may still be taken back depends on it.</summary>
internal enum CutoverStage
{
    /// <summary>None is under way; one may have been asked for.</summary>
    None,

    /// <summary>It is looked whether it can be made; clients notice nothing.</summary>
    Preparing,

    /// <summary>Clients are kept from writing, or are about to be.</summary>
    Fenced,

    /// <summary>The clients are being switched: nobody can take that back.</summary>
    Switching,

    /// <summary>The answer of the switch was lost: a person must say where the clients are.</summary>
    Unknown,

    /// <summary>The clients are on the other side.</summary>
    Switched,
}

/// <summary>What has become of a wish to take a cutover back.</summary>
internal enum HoldAnswer
{
    /// <summary>Nobody had asked for one; from now on none begins by itself.</summary>
    NothingAsked,

    /// <summary>It will not come to the switch.</summary>
    TakenBack,

    /// <summary>The switch has begun before; nothing was changed.</summary>
    TooLate,
}

/// <summary>What becomes of a cutover when somebody who waited for it goes away.</summary>
internal enum LeaveAnswer
{
    /// <summary>It was withdrawn: nobody else asks for it.</summary>
    Withdrawn,

    /// <summary>It goes on, since others ask for it, too.</summary>
    OthersAsk,

    /// <summary>It goes on, since clients are kept from writing already; or it has ended before.</summary>
    TooLate,
}
