namespace Keyferry.Verify;

/// <summary>Compares pages of chosen keys by digests that a script takes on each side, also between payload versions and on clusters. Not for a proof: between versions, digests
/// leave out what one of them does not know (<see cref="DigestScript"/>).</summary>
/// <remarks>Both sides are sent the names and tell a digest and the expiry of each key: the names do not count, so that keys may have others on the target.</remarks>
internal sealed class DigestPages : IPageLook
{
    /// <summary>A digest of each key costs more than one of all.</summary>
    private const int LargestPage = DigestScript.LargestPage / 2;

    private readonly VerifyLink _link;
    private readonly DigestScripts _scripts;
    private readonly Queue<(byte[] Names, byte[] OnTarget, NodeParts? Parts)> _asked = [];
    private readonly DigestPage _onSource = new();
    private readonly DigestPage _onTarget = new();

    private DigestPages(VerifyLink link, DigestScripts scripts) => (_link, _scripts) = (link, scripts);

    /// <inheritdoc/>
    public int PageSize { get; private set; } = LargestPage / 4;

    /// <summary>Tries the script on both sides.</summary>
    /// <returns><see langword="null"/> where one of both does not allow it.</returns>
    /// <exception cref="IOException">A server is lost.</exception>
    public static async ValueTask<DigestPages?> TryCreateAsync(VerifyLink link, VerifyOptions options, CancellationToken stop) =>
        await DigestScripts.TryCreateAsync(link, options, movesTables: false, stop) is { } scripts ? new DigestPages(link, scripts) : null;

    /// <inheritdoc/>
    public void Ask(KeyBatch page)
    {
        var (names, onTarget) = (Pack(page), Pack(_link.OnTarget(page)));
        if (page.Count == 0)
        {
            _asked.Enqueue((names, onTarget, null));
            return;
        }

        // They may be too much for one call.
        _scripts.Source.Write(_link.Source.Pages.Output, "", names, "1", "", "1");
        _asked.Enqueue((names, onTarget, _scripts.OnTarget.Ask(_link.Target, _link.Target.Pages.Output, onTarget, each: true)));
    }

    /// <inheritdoc/>
    /// <exception cref="Resp.ServerErrorException">A server refuses something that the script needs.</exception>
    public async ValueTask CompareAsync(KeyBatch page, KeyBatch suspects, CancellationToken stop)
    {
        var (names, onTarget, parts) = _asked.Dequeue();
        if (page.Count == 0)
        {
            return;
        }

        var frame = await _link.Source.Pages.ReadAsync(stop);
        _scripts.Source.Require(frame);
        _onSource.Take(frame.Span, each: true, names);
        await _scripts.OnTarget.ReadAsync(_link.Target, _link.Target.Pages, parts, onTarget, each: true, _onTarget, stop);
        Compare(page, suspects);
        PageSize = DigestScript.NextPage(PageSize, _onSource.ValueBytes, LargestPage);
    }

    private void Compare(KeyBatch page, KeyBatch suspects)
    {
        var places = PlacesOf(page);
        var (source, target) = (new long[page.Count], new long[page.Count]);
        Array.Fill(source, ExpiryRule.Never);
        Array.Fill(target, ExpiryRule.Never);
        _onSource.CopyExpiries(places, source);
        var isWhole = _onTarget.Count == page.Count && places.Count == _onSource.Count;
        if (isWhole)
        {
            _onTarget.CopyExpiries([.. Enumerable.Range(0, page.Count)], target);
        }

        for (var (i, place) = (0, 0); i < page.Count; i++)
        {
            var isLooked = place < places.Count && places[place] == i;
            if (!isWhole || !isLooked || !_onSource.AgreesAt(place, _onTarget, i) || !_link.Expiry.Agree(source[i], target[i]))
            {
                suspects.Add(page[i]);
            }

            place += isLooked ? 1 : 0;
        }
    }

    /// <summary>Where the keys stand in the page that the source has looked at: it sets those apart that are too large, or too much for one call.</summary>
    private List<int> PlacesOf(KeyBatch page)
    {
        var places = new List<int>(page.Count);
        var looked = new PackedNames(_onSource.Looked.Span);
        ReadOnlySpan<byte> name = default;
        var more = _onSource.Count > 0 && looked.Next(out name);
        for (var i = 0; more && i < page.Count; i++)
        {
            if (page[i].SequenceEqual(name))
            {
                places.Add(i);
                more = looked.Next(out name);
            }
        }

        return places;
    }

    private static byte[] Pack(KeyBatch page) => PackedNames.Pack([.. Enumerable.Range(0, page.Count).Select(page.Memory)]);
}
