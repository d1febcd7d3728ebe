using Keyferry.Model;

namespace Keyferry.Transfer;

/// <summary>What became of a key that was moved in pieces.</summary>
/// <param name="Result">In one word.</param>
/// <param name="Bytes">Bytes that the source sent for it.</param>
/// <param name="Refusal">Why the target does not have it, if it was refused.</param>
/// <param name="Type">The type of its value.</param>
internal readonly record struct PieceOutcome(PieceResult Result, long Bytes, string? Refusal, KeyType Type = KeyType.Unknown);

/// <summary>What became of a key that was moved in pieces.</summary>
internal enum PieceResult
{
    /// <summary>The target has it as the source had it all the time.</summary>
    Moved,

    /// <summary>The target has it, but it changed while it was copied: another look is due.</summary>
    Changed,

    /// <summary>The source does not have it; the target neither.</summary>
    Gone,

    /// <summary>The target cannot hold it, and does not have it.</summary>
    Refused,

    /// <summary>It does not belong to the run, and what the target has under that name is not the run's to remove.</summary>
    LeftAlone,
}
