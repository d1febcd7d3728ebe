namespace Keyferry.Simulation.Network;

/// <summary>What the client notices of a cut.</summary>
internal enum ClientSees
{
    /// <summary>An error; what arrived and was not read is lost.</summary>
    Reset,

    /// <summary>What arrived, then the end.</summary>
    End,
}

/// <summary>What happens, once the client has dropped a stalled link, to the writes that were on their way to the server.</summary>
internal enum LateWrites
{
    /// <summary>They are lost, and the server hears of the reset when the network heals.</summary>
    Lost,

    /// <summary>They arrive when the network heals, then the reset.</summary>
    ThenReset,

    /// <summary>The reset overtakes them: nothing is executed.</summary>
    ResetFirst,

    /// <summary>They arrive when the network heals, and the reset never does: the server executes them all (a zombie).</summary>
    Zombie,
}

/// <summary>How a link breaks.</summary>
internal sealed record Cut
{
    /// <summary>What the client notices.</summary>
    public ClientSees Client { get; init; }

    /// <summary>Whether commands that are on their way still reach the server, so that they are executed and never answered.</summary>
    public bool DeliversUpstream { get; init; }

    /// <summary>By how much those are late; they may meet newer writes of the client's next connection.</summary>
    public TimeSpan UpstreamDelay { get; init; }

    /// <summary>After this long the server notices the cut; infinite for never.</summary>
    public TimeSpan ServerNotices { get; init; } = TimeSpan.FromMilliseconds(1);
}
