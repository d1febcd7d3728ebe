namespace Keyferry.Migration;

/// <summary>The operator ended the run while the copy was under way: nothing can be said of both sides.</summary>
internal sealed class CopyUnfinishedException(string message) : Exception(message);
