namespace Keyferry.Transfer;

/// <summary>The target cannot hold a value that is being copied in pieces; the message says why.</summary>
internal sealed class PieceRefusedException(string reason) : Exception(reason);
