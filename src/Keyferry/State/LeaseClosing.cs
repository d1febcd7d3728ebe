using Keyferry.Model;

namespace Keyferry.State;

/// <summary>The end of a lease whose setting stands as it did before.</summary>
internal static class LeaseClosing
{
    /// <summary>Records that the setting is no longer ours to put back. A store that does not take it (a full disk) changes nothing about what the server was
    /// given back: the lease stays open there, and undoing it once more does no harm.</summary>
    /// <returns>What to say: <paramref name="words"/>, and that they could not be recorded where that is so.</returns>
    public static string Close(this IRunStore store, long lease, string words)
    {
        try
        {
            store.MarkLeaseUndone(lease, words);
            return words;
        }
        catch (KeyferryException unrecorded)
        {
            return $"{words}; that cannot be recorded, so keyferry restore will look once more, which does no harm ({unrecorded.Saw.TrimEnd('.')})";
        }
    }
}
