using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>The second direction: looks up keys of the target on the source. One EXISTS for many keys says only how many exist; where that is not all, they are asked one by one.</summary>
internal sealed class ExistencePages(VerifyLink link, int pageSize) : IPageLook
{
    private readonly VerifySide _source = link.Source;

    /// <inheritdoc/>
    public int PageSize => pageSize;

    private int KeysPerCall => _source.ManyKeysPerCommand ? 500 : 1;

    /// <inheritdoc/>
    public void Ask(KeyBatch page)
    {
        var output = _source.Pages.Output;
        for (var first = 0; first < page.Count; first += KeysPerCall)
        {
            var count = Math.Min(KeysPerCall, page.Count - first);
            output.Command(1 + count);
            output.Bulk("EXISTS"u8);
            for (var i = 0; i < count; i++)
            {
                output.Bulk(page[first + i]);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask CompareAsync(KeyBatch page, KeyBatch suspects, CancellationToken stop)
    {
        for (var first = 0; first < page.Count; first += KeysPerCall)
        {
            var count = Math.Min(KeysPerCall, page.Count - first);
            if (await ReadCountAsync(_source.Pages, stop) != count)
            {
                await FindMissingAsync(page, first, count, suspects, stop);
            }
        }
    }

    private async ValueTask FindMissingAsync(KeyBatch page, int first, int count, KeyBatch suspects, CancellationToken stop)
    {
        for (var i = 0; i < count; i++)
        {
            _source.Looks.Output.Raw("*2\r\n$6\r\nEXISTS\r\n"u8);
            _source.Looks.Output.Bulk(page[first + i]);
        }

        await _source.Looks.FlushAsync(stop);
        for (var i = 0; i < count; i++)
        {
            if (await ReadCountAsync(_source.Looks, stop) == 0)
            {
                suspects.Add(page[first + i]);
            }
        }
    }

    private async ValueTask<long> ReadCountAsync(RespConnection connection, CancellationToken stop)
    {
        var frame = await connection.ReadAsync(stop);
        _source.Check(frame, "EXISTS");
        var reader = new RespReader(frame.Span);
        reader.Require();
        return reader.Integer;
    }
}
