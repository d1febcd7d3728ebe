namespace Keyferry.Verify;

/// <summary>The first, cheap look at a page of keys. It may say "equal" only when that is certain; all else is left to the closer look.</summary>
internal interface IPageLook
{
    /// <summary>How many keys a page should have.</summary>
    int PageSize { get; }

    /// <summary>Writes the questions about <paramref name="page"/> to the page connections, without sending them.</summary>
    void Ask(KeyBatch page);

    /// <summary>Reads the answers about the page that was asked for first, and adds those keys to <paramref name="suspects"/> that are not certainly equal.</summary>
    ValueTask CompareAsync(KeyBatch page, KeyBatch suspects, CancellationToken stop);
}
