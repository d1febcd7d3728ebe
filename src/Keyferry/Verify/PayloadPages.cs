using Keyferry.Payloads;
using Keyferry.Resp;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>Compares pages by whole DUMP payloads, for servers that run no scripts for us or write different payload versions.</summary>
/// <remarks>Payloads come on the connection for closer looks: only once sizes are known is it known which to ask for. The footer (version and CRC64) is left out: bodies that are equal byte by byte begin with the same type and encode the same value.</remarks>
internal sealed class PayloadPages(VerifyLink link, int largestPage) : IPageLook
{
    private readonly PageSizer _sizer = new(largestPage);
    private long[] _sourceExpiries = new long[512];
    private long[] _targetExpiries = new long[512];
    private bool[] _large = new bool[512];

    /// <inheritdoc/>
    public int PageSize => _sizer.Size;

    /// <inheritdoc/>
    public void Ask(KeyBatch page)
    {
        foreach (var (side, keys) in ((VerifySide, KeyBatch)[])[(link.Source, page), (link.Target, link.OnTarget(page))])
        {
            ExpiryQuestions.Ask(side, side.Pages.Output, keys);
            for (var i = 0; side.TellsSizes && i < keys.Count; i++)
            {
                MemoryQuestion.Ask(side.Pages.Output, keys[i]);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask CompareAsync(KeyBatch page, KeyBatch suspects, CancellationToken stop)
    {
        if (_sourceExpiries.Length < page.Count)
        {
            Array.Resize(ref _sourceExpiries, page.Count * 2);
            Array.Resize(ref _targetExpiries, page.Count * 2);
            Array.Resize(ref _large, page.Count * 2);
        }

        await ExpiryQuestions.ReadAsync(link.Source, link.Source.Pages, _sourceExpiries.AsMemory(0, page.Count), stop);
        await ExpiryQuestions.ReadAsync(link.Target, link.Target.Pages, _targetExpiries.AsMemory(0, page.Count), stop);
        Array.Clear(_large, 0, page.Count);
        await ReadSizesAsync(link.Source, page, stop);
        await ReadSizesAsync(link.Target, page, stop);
        var onTarget = link.OnTarget(page);
        for (var i = 0; i < page.Count; i++)
        {
            if (!_large[i])
            {
                AskDump(link.Source.Looks.Output, page[i]);
                AskDump(link.Target.Looks.Output, onTarget[i]);
            }
        }

        await link.FlushLooksAsync(stop);
        long bytes = 0;
        for (var i = 0; i < page.Count; i++)
        {
            if (_large[i])
            {
                suspects.Add(page[i]);
                continue;
            }

            var source = await link.Source.Looks.ReadAsync(stop);
            var target = await link.Target.Looks.ReadAsync(stop);
            link.Source.Check(source, "DUMP");
            link.Target.Check(target, "DUMP");
            bytes += source.Length;
            if (!AreEqual(source.Span, target.Span) || !link.Expiry.Agree(_sourceExpiries[i], _targetExpiries[i]))
            {
                suspects.Add(page[i]);
            }
        }

        _sizer.Saw(bytes);
    }

    private async ValueTask ReadSizesAsync(VerifySide side, KeyBatch page, CancellationToken stop)
    {
        for (var i = 0; side.TellsSizes && i < page.Count; i++)
        {
            var frame = await side.Pages.ReadAsync(stop);
            side.Check(frame, MemoryQuestion.Command);
            _large[i] |= MemoryQuestion.Bytes(frame.Span) > VerifyLink.LargeValue;
        }
    }

    /// <summary>Whether two answers to DUMP hold the same value for certain.</summary>
    public static bool AreEqual(ReadOnlySpan<byte> sourceFrame, ReadOnlySpan<byte> targetFrame)
    {
        var source = new RespReader(sourceFrame);
        var target = new RespReader(targetFrame);
        source.Require();
        target.Require();
        return source.IsNull || target.IsNull
            ? source.IsNull == target.IsNull
            : source.Bytes.Length > PayloadFooter.Length
                && source.Bytes.Length == target.Bytes.Length
                && source.Bytes[..^PayloadFooter.Length].SequenceEqual(target.Bytes[..^PayloadFooter.Length]);
    }

    private static void AskDump(RespOutput output, ReadOnlySpan<byte> key)
    {
        output.Raw("*2\r\n$4\r\nDUMP\r\n"u8);
        output.Bulk(key);
    }
}
