namespace Keyferry.Traffic.Comparing;

/// <summary>The server's own sum over everything it holds (<c>DEBUG DIGEST</c>): it tells whether a key has an expiry, not which, and leaves out stream groups.</summary>
public static class DatasetDigest
{
    /// <summary>What a server without keys answers.</summary>
    public const string OfNothing = "0000000000000000000000000000000000000000";

    /// <summary>The digest of what a server holds once its expired keys are gone. It stops the server for as long as it takes: seconds for many keys.</summary>
    public static async Task<string> OfAsync(ServerLink link, CancellationToken stop)
    {
        await ForgetExpiredAsync(link, stop);
        return (await link.Database().ExecuteAsync("DEBUG", "DIGEST")).ToString();
    }

    /// <summary>Meets every key, so that the server removes those past their expiry; until then they count in its digest.</summary>
    public static async Task ForgetExpiredAsync(ServerLink link, CancellationToken stop)
    {
        foreach (int database in (await link.KeyCountsAsync()).Keys)
        {
            await foreach (var _ in link.Server.KeysAsync(database, pageSize: 1000).WithCancellation(stop))
            {
                // Only the walk matters.
            }
        }
    }
}
