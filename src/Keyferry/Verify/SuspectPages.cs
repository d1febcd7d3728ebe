namespace Keyferry.Verify;

/// <summary>No cheap look at all, for servers without scripts and without DUMP: every key gets the closer look.</summary>
internal sealed class SuspectPages(int pageSize) : IPageLook
{
    /// <inheritdoc/>
    public int PageSize => pageSize;

    /// <inheritdoc/>
    public void Ask(KeyBatch page)
    {
        // There is nothing to ask.
    }

    /// <inheritdoc/>
    public ValueTask CompareAsync(KeyBatch page, KeyBatch suspects, CancellationToken stop)
    {
        for (var i = 0; i < page.Count; i++)
        {
            suspects.Add(page[i]);
        }

        return ValueTask.CompletedTask;
    }
}
