using Keyferry.Model;

namespace Keyferry.Cutover;

/// <summary>A step before the switch could not be done: the cutover is undone, and the run follows on.</summary>
/// <param name="why">In words, for the operator; no key and no secret.</param>
/// <param name="inner">The technical cause.</param>
internal sealed class CutoverFailedException(string why, Exception? inner = null) : Exception(why, inner);

/// <summary>Whether the clients were switched is not known, and nobody may decide it but a person.</summary>
/// <param name="why">In words, for the operator.</param>
internal sealed class OwnershipUnknownException(string why) : Exception(why)
{
    /// <summary>As a run ends with it.</summary>
    public KeyferryException ToFailure() =>
        new(
            FailureKind.OwnershipUnknown,
            $"Nobody knows which side the clients write to: {Message}.",
            "Find out where the clients write, then: keyferry resolve --switched, or keyferry resolve --not-switched.",
            this
        );
}
