namespace Keyferry.Traffic.Comparing;

/// <summary>The server's own sum over everything it holds (<c>DEBUG DIGEST</c>): it tells whether a key has an expiry, not which, and leaves out stream groups.</summary>
public static class DatasetDigest
{
    /// <summary>What a server without keys answers.</summary>
    public const string OfNothing = "0000000000000000000000000000000000000000";

    /// <summary>The digest of what a server holds once its expired keys are gone.</summary>
    public static async Task<string> OfAsync(ServerLink link, CancellationToken stop)
    {
        // A key past its expiry counts in the digest until somebody meets it, and SCAN meets every key.
        foreach (int database in (await link.KeyCountsAsync()).Keys)
        {
            await foreach (var _ in link.Server.KeysAsync(database, pageSize: 5000).WithCancellation(stop))
            {
                // Only the walk matters.
            }
        }

        return (await link.Database().ExecuteAsync("DEBUG", "DIGEST")).ToString();
    }
}
