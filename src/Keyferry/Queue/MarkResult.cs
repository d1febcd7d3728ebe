namespace Keyferry.Queue;

/// <summary>What became of a mark.</summary>
internal enum MarkResult
{
    /// <summary>The key waits now.</summary>
    Added,

    /// <summary>The key was waiting already.</summary>
    Known,

    /// <summary>The budget is used up and the key was not noted: a gap must be opened.</summary>
    Full,
}
