using Keyferry.Servers;

namespace Keyferry.Verify;

/// <summary>Everything a comparison does with the connections it has now. After a failure it is thrown away, because answers may still be under way on them.</summary>
internal sealed class VerifySession : IAsyncDisposable
{
    private VerifySession(VerifyLink link, IPageLook values, IPageLook existence)
    {
        Link = link;
        Closer = new CloserLook(link);
        Values = values;
        Named = link.Options.Kinds.AreAll ? values : new SuspectPages(link.Options.PageSize);
        Existence = existence;
    }

    /// <summary>Both sides.</summary>
    public VerifyLink Link { get; }

    /// <summary>The exact look.</summary>
    public CloserLook Closer { get; }

    /// <summary>The cheap look at pages of the source's keys: the cheapest that both servers allow. A walk asks it only of keys that take part.</summary>
    public IPageLook Values { get; }

    /// <summary>The cheap look at keys of which nobody has asked yet whether they take part: only the closer look tells of what kind a key is.</summary>
    public IPageLook Named { get; }

    /// <summary>The cheap look at pages of the target's keys.</summary>
    public IPageLook Existence { get; }

    /// <summary>Connects to both servers and finds out what they allow.</summary>
    public static async ValueTask<VerifySession> OpenAsync(
        ServerConnector source,
        ServerConnector target,
        VerifyOptions options,
        TimeProvider time,
        CancellationToken stop
    )
    {
        var link = await VerifyLink.OpenAsync(source, target, options, time, stop);
        try
        {
            return new VerifySession(link, await ChooseAsync(link, options, stop), new ExistencePages(link, options.PageSize));
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Closer.Dispose();
        await Link.DisposeAsync();
    }

    private static async ValueTask<IPageLook> ChooseAsync(VerifyLink link, VerifyOptions options, CancellationToken stop)
    {
        if (await FingerprintPages.TryCreateAsync(link, options, stop) is { } fingerprints)
        {
            return fingerprints;
        }

        return link.Source.HasDump && link.Target.HasDump ? new PayloadPages(link, options.PageSize) : new SuspectPages(options.PageSize);
    }
}
