using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using Keyferry.Resp;
using Keyferry.Throttle;

namespace Keyferry.Verify;

/// <summary>One walk over all keys of one database of one side, made by the server itself: it adds up what the server says of its keys, bucket by bucket.</summary>
/// <remarks>
/// <para>A call covers one SCAN page, so that the server answers others in between; the page is made smaller where values are large. The next page is asked for
/// before this one is added up: the server is to wait for the way there and back, and for nothing else.</para>
/// <para>It can be taken up again where it was interrupted.</para>
/// </remarks>
/// <param name="sums">Gets the keys.</param>
/// <param name="ignoredPrefix">Keys whose names begin so are passed over.</param>
/// <param name="shift">Milliseconds to add to expiries of this side.</param>
/// <param name="namesOnly">Whether keys of which no more than the name was told count as all there is to know.</param>
internal sealed class BucketWalk(BucketSums sums, byte[] ignoredPrefix, long shift, bool namesOnly = false)
{
    private const int LargestPage = 256;
    private const int SmallestPage = 8;
    private const int ExpiryAt = DigestScript.NameHashLength + DigestScript.DigestLength;

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
        if (IsOver)
        {
            return true;
        }

        var call = await AskAsync(_cursor, side, script, pace, stop);
        while (true)
        {
            var frame = await script.AnswerAsync(side.Pages, stop, call);
            if (VerifySide.IsError(frame))
            {
                return Refused(frame.Span, side, script);
            }

            var next = Begin(frame.Span, out var entriesAt);
            if (next != 0)
            {
                call = await AskAsync(next, side, script, pace, stop);
            }

            Take(frame.Span, entriesAt);
            _cursor = next;
            IsOver = next == 0;
            gotOn();
            if (IsOver)
            {
                return true;
            }
        }
    }

    /// <summary>Asks for a page, when the source may be asked.</summary>
    /// <returns>The arguments of the call.</returns>
    private async ValueTask<RespArgument[]> AskAsync(
        ulong cursor,
        VerifySide side,
        ServerScript script,
        SourcePace? pace,
        CancellationToken stop
    )
    {
        if (pace is { IsFree: false })
        {
            _page = Math.Min(_page, PacedPage);
            await pace.PageAsync(_page, stop);
        }

        RespArgument[] call = [CursorText(cursor), _page, ignoredPrefix];
        await script.AskAsync(side.Pages, stop, call);
        return call;
    }

    private static bool Refused(ReadOnlySpan<byte> frame, VerifySide side, ServerScript script)
    {
        var reader = new RespReader(frame);
        reader.Require();
        var refused = new ServerErrorException(reader.Text, script.Command);
        return Outage.IsPassing(refused) ? throw side.Refused(refused.Reply, refused.Command) : false;
    }

    private static byte[] CursorText(ulong cursor)
    {
        Span<byte> digits = stackalloc byte[20];
        _ = Utf8Formatter.TryFormat(cursor, digits, out var length);
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

    /// <summary>Reads where the next page begins, and decides how large it is to be.</summary>
    /// <param name="frame">The answer.</param>
    /// <param name="entriesAt">Where its entries begin.</param>
    /// <returns>The next cursor.</returns>
    private ulong Begin(ReadOnlySpan<byte> frame, out int entriesAt)
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
        _page =
            payloads >= DigestScript.MostPayloadBytes / 2 ? Math.Max(SmallestPage, _page / 2)
            : payloads < DigestScript.MostPayloadBytes / 8 ? Math.Min(LargestPage, _page * 2)
            : _page;
        entriesAt = reader.Position;
        return cursor;
    }

    private void Take(ReadOnlySpan<byte> frame, int entriesAt)
    {
        var reader = new RespReader(frame, entriesAt);
        reader.Require();
        for (var rest = reader.Bytes; !rest.IsEmpty; rest = rest[ExpiryAt..])
        {
            sums.Add(NameHash(rest), Digest(rest), BucketSums.NoExpiry);
        }

        reader.Require();
        for (var rest = reader.Bytes; !rest.IsEmpty; rest = rest[(ExpiryAt + DigestScript.ExpiryLength)..])
        {
            sums.Add(NameHash(rest), Digest(rest), Expiry(rest[ExpiryAt..]) + shift);
        }

        reader.Require();
        for (var rest = reader.Bytes; !rest.IsEmpty; rest = rest[DigestScript.NameHashLength..])
        {
            if (namesOnly)
            {
                sums.Add(NameHash(rest), digest: 0, BucketSums.NoExpiry);
            }
            else
            {
                sums.AddUnknown(NameHash(rest));
            }
        }
    }

    private static ulong NameHash(ReadOnlySpan<byte> entry)
    {
        Span<byte> hash = stackalloc byte[DigestScript.NameHashLength / 2];
        return Convert.FromHexString(entry[..DigestScript.NameHashLength], hash, out _, out _) == OperationStatus.Done
            ? BinaryPrimitives.ReadUInt64BigEndian(hash)
            : throw new RespProtocolException("a script answered with a hash that is no number");
    }

    private static ulong Digest(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadUInt64BigEndian(entry[DigestScript.NameHashLength..]);

    private static long Expiry(ReadOnlySpan<byte> bytes) =>
        ((long)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]);
}
