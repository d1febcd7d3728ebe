using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>One walk over all keys of one database of one side: SCAN pages, each compared by a cheap look. It can be taken up again where it was interrupted.</summary>
/// <remarks>
/// While one page is compared, the questions about the next one and the SCAN after that are under way, so that both servers always have something to do; not while the servers are
/// left to others in between (<see cref="VerifyLink.Rests"/>). Replies come in the order of the questions: each is read before anything that was asked later.
/// </remarks>
/// <param name="ignoredPrefix">Keys whose names begin so are passed over.</param>
/// <param name="names">Keys of other names are passed over as well.</param>
/// <param name="suspects">Gets the keys that a cheap look does not find equal.</param>
/// <param name="done">The comparison that leaves some keys of the target open, and only those are to be compared; <see langword="null"/> for all.</param>
internal sealed class PageWalk(byte[] ignoredPrefix, KeyNames names, KeyBatch suspects, DigestComparison? done = null) : IDisposable
{
    /// <summary>So few at once where the servers are left to others in between: those wait for a page.</summary>
    private const int SmallPageSize = 100;

    private KeyBatch _page = new();
    private KeyBatch _next = new();
    private KeyBatch _sorted = new();
    private ulong _resumeAt;
    private bool _isTarget;
    private string _runId = "";

    /// <summary>Keys in pages that were compared whole.</summary>
    public long Keys { get; private set; }

    /// <summary>Whether the walk has reached the end.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Walks on to the end: over the names that are open, where they are known, and neither side is asked for any then.</summary>
    /// <param name="side">The side whose keys are walked over.</param>
    /// <param name="link">Both sides.</param>
    /// <param name="look">How pages are compared.</param>
    /// <param name="compared">Called after each page, and before the walk ends.</param>
    /// <param name="stop">Gives up.</param>
    public ValueTask RunAsync(VerifySide side, VerifyLink link, IPageLook look, Func<ValueTask> compared, CancellationToken stop) =>
        done?.SurplusNames is { } known ? RunOverAsync(known, link, look, compared, stop) : ScanAsync(side, link, look, compared, stop);

    /// <inheritdoc/>
    public void Dispose()
    {
        _page.Dispose();
        _next.Dispose();
        _sorted.Dispose();
    }

    private async ValueTask ScanAsync(VerifySide side, VerifyLink link, IPageLook look, Func<ValueTask> compared, CancellationToken stop)
    {
        StartOverIfRestarted(side);
        _isTarget = ReferenceEquals(side, link.Target);
        var kinds = !link.Options.Kinds.AreAll && !_isTarget ? new KindLook(link) : null;
        var cursor = _resumeAt;
        ScanPage.Ask(side.Pages.Output, cursor, PageSize(link, look));
        await side.Pages.FlushAsync(stop);
        var hasPage = false;
        do
        {
            // Said once for the page: rests may begin and end at any time.
            var (pageCursor, rests) = (cursor, link.Rests);
            cursor = await ReadScanAsync(side, link.Options.Slots, stop);
            if (cursor != 0 && !rests)
            {
                ScanPage.Ask(side.Pages.Output, cursor, PageSize(link, look));
            }

            if (kinds is not null)
            {
                await kinds.SortAsync(_next, _sorted, suspects, stop);
                (_next, _sorted) = (_sorted, _next);
            }

            await link.PageAsync(_next.Count, stop);
            look.Ask(_next);
            await link.FlushPagesAsync(stop);
            if (hasPage)
            {
                await CompareAsync(link, look, pageCursor, compared, stop);
            }

            (_page, _next) = (_next, _page);
            hasPage = true;
            if (rests)
            {
                // Whoever leaves the servers to others now and then must not have asked for a page that they compare meanwhile. The next SCAN goes to the same connection as
                // the questions about this page: asked for before these were answered, its reply would be taken for one of their answers.
                await CompareAsync(link, look, cursor, compared, stop);
                hasPage = false;
                if (cursor != 0)
                {
                    ScanPage.Ask(side.Pages.Output, cursor, PageSize(link, look));
                    await side.Pages.FlushAsync(stop);
                }
            }
        } while (cursor != 0);

        if (hasPage)
        {
            await CompareAsync(link, look, resumeAt: 0, compared, stop);
        }

        IsOver = true;
    }

    private async ValueTask RunOverAsync(KeyBatch known, VerifyLink link, IPageLook look, Func<ValueTask> compared, CancellationToken stop)
    {
        for (var next = (int)_resumeAt; next < known.Count; )
        {
            _page.Clear();
            for (var left = PageSize(link, look); left > 0 && next < known.Count; left--)
            {
                _page.Add(known[next++]);
            }

            await link.PageAsync(_page.Count, stop);
            look.Ask(_page);
            await link.FlushPagesAsync(stop);
            await CompareAsync(link, look, resumeAt: (ulong)next, compared, stop);
        }

        IsOver = true;
    }

    private static int PageSize(VerifyLink link, IPageLook look) => link.Rests ? Math.Min(SmallPageSize, look.PageSize) : look.PageSize;

    private async ValueTask CompareAsync(VerifyLink link, IPageLook look, ulong resumeAt, Func<ValueTask> compared, CancellationToken stop)
    {
        var before = link.Source.BytesReceived;
        await look.CompareAsync(_page, suspects, stop);
        link.Pace?.Received(link.Source.BytesReceived - before);
        Keys += _page.Count;
        _resumeAt = resumeAt;
        await compared();
    }

    /// <summary>A cursor means nothing to a server that has been restarted: it hashes its keys anew.</summary>
    private void StartOverIfRestarted(VerifySide side)
    {
        if (_runId != side.Identity.RunId)
        {
            _runId = side.Identity.RunId;
            _resumeAt = 0;
            Keys = 0;
        }
    }

    private async ValueTask<ulong> ReadScanAsync(VerifySide side, SlotRanges? slots, CancellationToken stop)
    {
        var frame = await side.Pages.ReadAsync(stop);
        side.Check(frame, "SCAN");
        return TakePage(frame.Span, slots);
    }

    private void Add(ReadOnlySpan<byte> name, bool takesPart, SlotRanges? slots)
    {
        if (takesPart && slots?.Cover(name) != false)
        {
            _next.Add(name);
        }
    }

    private ulong TakePage(ReadOnlySpan<byte> frame, SlotRanges? slots)
    {
        _next.Clear();
        var left = ScanPage.Read(frame, out var cursor, out var reader);
        for (; left > 0; left--)
        {
            reader.Require();
            if (reader.Bytes.StartsWith(ignoredPrefix) || done?.Surplus?.Contains(reader.Bytes) == false)
            {
                continue;
            }

            if (!_isTarget || !names.Rename)
            {
                Add(reader.Bytes, names.Cover(reader.Bytes), slots);
            }
            else if (names.OnSource(reader.Bytes) is { } origin)
            {
                Add(origin, takesPart: true, slots);
            }
        }

        return cursor;
    }
}
