namespace Keyferry.Transfer;

/// <summary>What was copied so far has vanished from the target: the copy must begin anew.</summary>
internal sealed class PieceLostException() : Exception("the temporary key has vanished from the target");
