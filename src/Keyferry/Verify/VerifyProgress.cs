namespace Keyferry.Verify;

/// <summary>How far a comparison is.</summary>
/// <param name="Compared">Keys of the source that were compared so far.</param>
/// <param name="SourceKeys">About how many there are (counted at the start).</param>
/// <param name="LookedUp">Keys of the target that were looked up on the source so far; this direction comes second.</param>
/// <param name="TargetKeys">About how many there are (counted at the start).</param>
/// <param name="Candidates">Keys that looked different and wait to be looked at again.</param>
internal readonly record struct VerifyProgress(long Compared, long SourceKeys, long LookedUp, long TargetKeys, long Candidates);
