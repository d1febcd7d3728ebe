using System.Buffers.Binary;
using System.Buffers.Text;
using Keyferry.Resp;
using Keyferry.Throttle;

namespace Keyferry.Verify;

/// <summary>One walk over all keys of one database of one side, made by the server itself: it adds up what the server says of its keys, bucket by bucket.</summary>
/// <remarks>
/// <para>A call covers one SCAN page, so that the server answers others in between; the page is made smaller where values are large.</para>
/// <para>It can be taken up again where it was interrupted.</para>
/// </remarks>
/// <param name="sums">Gets the keys.</param>
/// <param name="ignoredPrefix">Keys whose names begin so are passed over.</param>
/// <param name="shift">Milliseconds to add to expiries of this side.</param>
internal sealed class BucketWalk(BucketSums sums, byte[] ignoredPrefix, long shift)
{
    private const int LargestPage = 256;
    private const int SmallestPage = 8;

    /// <summary>While the source's pace is held down: what is asked at once is what others wait for.</summary>
    private const int PacedPage = 64;

    private int _page = 32;
    private ulong _cursor;
    private string _runId = "";

    /// <summary>Whether the walk has reached the end.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Walks on to the end.</summary>
    /// <param name="side">The side.</param>
    /// <param name="script">The script that tells entries.</param>
    /// <param name="pace">How fast the side may be read; <see langword="null"/> for as fast as it answers.</param>
    /// <param name="gotOn">Called after each page.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Whether the server did all of it; if not, it refuses something that the script needs.</returns>
    public async ValueTask<bool> RunAsync(VerifySide side, ServerScript script, SourcePace? pace, Action gotOn, CancellationToken stop)
    {
        StartOverIfRestarted(side);
        while (!IsOver)
        {
            if (pace is { IsFree: false })
            {
                _page = Math.Min(_page, PacedPage);
                await pace.PageAsync(_page, stop);
            }

            var frame = await script.CallAsync(side.Pages, stop, CursorText(), _page, ignoredPrefix);
            if (VerifySide.IsError(frame))
            {
                return Refused(frame.Span, side, script);
            }

            Take(frame.Span);
            gotOn();
        }

        return true;
    }

    private static bool Refused(ReadOnlySpan<byte> frame, VerifySide side, ServerScript script)
    {
        var reader = new RespReader(frame);
        reader.Require();
        var refused = new ServerErrorException(reader.Text, script.Command);
        return Outage.IsPassing(refused) ? throw side.Refused(refused.Reply, refused.Command) : false;
    }

    private byte[] CursorText()
    {
        Span<byte> digits = stackalloc byte[20];
        _ = Utf8Formatter.TryFormat(_cursor, digits, out var length);
        return digits[..length].ToArray();
    }

    /// <summary>A cursor means nothing to a server that has been restarted, and its keys may be others.</summary>
    private void StartOverIfRestarted(VerifySide side)
    {
        if (_runId != side.Identity.RunId)
        {
            _runId = side.Identity.RunId;
            _cursor = 0;
            IsOver = false;
            sums.Clear();
        }
    }

    private void Take(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        _ = reader.RequireAggregate();
        reader.Require();
        if (!Utf8Parser.TryParse(reader.Bytes, out ulong cursor, out _))
        {
            throw new RespProtocolException("SCAN answered with a cursor that is no number");
        }

        reader.Require();
        var payloads = reader.Integer;
        reader.Require();
        for (var entries = reader.Bytes; !entries.IsEmpty; )
        {
            entries = TakeOne(entries);
        }

        _page =
            payloads >= DigestScript.MostPayloadBytes / 2 ? Math.Max(SmallestPage, _page / 2)
            : payloads < DigestScript.MostPayloadBytes / 8 ? Math.Min(LargestPage, _page * 2)
            : _page;
        _cursor = cursor;
        IsOver = cursor == 0;
    }

    private ReadOnlySpan<byte> TakeOne(ReadOnlySpan<byte> entries)
    {
        var name = (ulong)Number48(entries);
        var kind = entries[DigestScript.NameHashLength];
        entries = entries[(DigestScript.NameHashLength + 1)..];
        if (kind == 'U')
        {
            sums.AddUnknown(name);
            return entries;
        }

        var digest = BinaryPrimitives.ReadUInt64BigEndian(entries);
        entries = entries[DigestScript.DigestLength..];
        if (kind == 'N')
        {
            sums.Add(name, digest, BucketSums.NoExpiry);
            return entries;
        }

        sums.Add(name, digest, Number48(entries) + shift);
        return entries[DigestScript.NameHashLength..];
    }

    private static long Number48(ReadOnlySpan<byte> bytes) =>
        ((long)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]);
}
