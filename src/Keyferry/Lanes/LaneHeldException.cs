namespace Keyferry.Lanes;

/// <summary>A lane cannot go on at the moment, for a reason that may pass: it ends its session and tries again after a pause.</summary>
/// <param name="reason">In words, for the progress display.</param>
/// <param name="cause">The technical cause.</param>
internal sealed class LaneHeldException(string reason, Exception? cause = null) : Exception(reason, cause);
