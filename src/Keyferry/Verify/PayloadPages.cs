using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>Compares pages by whole DUMP payloads, for servers that run no scripts for us or write different payload versions.</summary>
/// <remarks>The footer (version and CRC64) is left out: bodies that are equal byte by byte begin with the same type and encode the same value.</remarks>
internal sealed class PayloadPages(VerifyLink link, int largestPage) : IPageLook
{
    private const int Footer = 10;
    private readonly PageSizer _sizer = new(largestPage);
    private long[] _sourceExpiries = new long[512];
    private long[] _targetExpiries = new long[512];

    /// <inheritdoc/>
    public int PageSize => _sizer.Size;

    /// <inheritdoc/>
    public void Ask(KeyBatch page)
    {
        ExpiryQuestions.Ask(link.Source, link.Source.Pages.Output, page);
        ExpiryQuestions.Ask(link.Target, link.Target.Pages.Output, page);
        for (var i = 0; i < page.Count; i++)
        {
            AskDump(link.Source.Pages.Output, page[i]);
            AskDump(link.Target.Pages.Output, page[i]);
        }
    }

    /// <inheritdoc/>
    public async ValueTask CompareAsync(KeyBatch page, KeyBatch suspects, CancellationToken stop)
    {
        if (_sourceExpiries.Length < page.Count)
        {
            Array.Resize(ref _sourceExpiries, page.Count * 2);
            Array.Resize(ref _targetExpiries, page.Count * 2);
        }

        await ExpiryQuestions.ReadAsync(link.Source, link.Source.Pages, _sourceExpiries.AsMemory(0, page.Count), stop);
        await ExpiryQuestions.ReadAsync(link.Target, link.Target.Pages, _targetExpiries.AsMemory(0, page.Count), stop);
        long bytes = 0;
        for (var i = 0; i < page.Count; i++)
        {
            var onSource = await link.Source.Pages.ReadAsync(stop);
            var onTarget = await link.Target.Pages.ReadAsync(stop);
            link.Source.Check(onSource, "DUMP");
            link.Target.Check(onTarget, "DUMP");
            bytes += onSource.Length;
            if (!AreEqual(onSource.Span, onTarget.Span) || !link.Expiry.Agree(_sourceExpiries[i], _targetExpiries[i]))
            {
                suspects.Add(page[i]);
            }
        }

        _sizer.Saw(bytes);
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
            : source.Bytes.Length > Footer
                && source.Bytes.Length == target.Bytes.Length
                && source.Bytes[..^Footer].SequenceEqual(target.Bytes[..^Footer]);
    }

    private static void AskDump(RespOutput output, ReadOnlySpan<byte> key)
    {
        output.Raw("*2\r\n$4\r\nDUMP\r\n"u8);
        output.Bulk(key);
    }
}
