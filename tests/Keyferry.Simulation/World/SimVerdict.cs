namespace Keyferry.Simulation.World;

/// <summary>What the program under test said at its end.</summary>
internal enum Claim
{
    /// <summary>Both sides are equal. The strongest claim, and the one that must never be wrong.</summary>
    Equal,

    /// <summary>There are differences.</summary>
    Different,

    /// <summary>It cannot know.</summary>
    NotProved,

    /// <summary>It could not go on, and said so.</summary>
    Failed,
}

/// <summary>A claim and its reasons.</summary>
/// <param name="Claim">What was said.</param>
/// <param name="Why">Why.</param>
/// <param name="Provided">What it takes for granted.</param>
internal sealed record SimVerdict(Claim Claim, string Why = "", string Provided = "");
