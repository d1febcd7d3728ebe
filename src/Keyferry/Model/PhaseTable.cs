using System.Collections.Frozen;

namespace Keyferry.Model;

/// <summary>The arrows between the phases, as data. What is not here cannot happen.</summary>
internal static class PhaseTable
{
    /// <summary>From each phase, the phases that may follow.</summary>
    public static readonly FrozenDictionary<Phase, Phase[]> Arrows = new Dictionary<Phase, Phase[]>
    {
        [Phase.Planned] = [Phase.Arming, Phase.Copying, Phase.Aborted],
        [Phase.Arming] = [Phase.Copying, Phase.Following, Phase.Aborted],
        [Phase.Copying] = [Phase.Following, Phase.Draining, Phase.Aborted],
        [Phase.Following] = [Phase.Copying, Phase.Fencing, Phase.Draining, Phase.Aborted],
        [Phase.Fencing] = [Phase.Draining, Phase.Following, Phase.Aborted],
        [Phase.Draining] = [Phase.Proving, Phase.Copying, Phase.Following, Phase.Completed, Phase.Aborted],
        [Phase.Proving] = [Phase.Switching, Phase.Following, Phase.Completed, Phase.Aborted],
        [Phase.Switching] = [Phase.Reversible, Phase.Completed, Phase.Following, Phase.OwnershipUnknown],
        [Phase.OwnershipUnknown] = [Phase.Following, Phase.Reversible, Phase.Completed],
        [Phase.Reversible] = [Phase.Completed],
        [Phase.Completed] = [],
        [Phase.Aborted] = [],
    }.ToFrozenDictionary();

    /// <summary>Whether a run in <paramref name="from"/> may enter <paramref name="to"/>.</summary>
    public static bool Allows(Phase from, Phase to) => Array.IndexOf(Arrows[from], to) >= 0;
}
