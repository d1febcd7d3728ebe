using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>The names that the target tells of its own keys, page by page, while other questions are under way. Not thread-safe.</summary>
/// <param name="ignoredPrefix">Keys whose names begin so are passed over.</param>
/// <param name="sums">Gets the names.</param>
/// <param name="plain">
/// Whether they are told as SCAN tells them. In a script the same takes the server half as long again, but packed names (<see cref="PackedNames"/>) save a quarter of the bytes.
/// </param>
internal sealed class TargetNames(byte[] ignoredPrefix, NameSums sums, bool plain)
{
    /// <summary>Names that are asked for at a time, at least: names alone cost a server little.</summary>
    public const int PageSize = 1000;

    private readonly DigestPage _page = new();
    private ulong _cursor;

    /// <summary>Whether a page was asked for whose answer is not taken yet: the next one begins where it ends.</summary>
    public bool IsAsked { get; private set; }

    /// <summary>Whether all were told.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Begins anew, or has nothing to do.</summary>
    public void Begin(bool isOver) => (_cursor, IsOver) = (0, isOver);

    /// <summary>No answer is due any more: the connection is another one.</summary>
    public void Forget() => IsAsked = false;

    /// <summary>Writes the question for the next page, without sending it.</summary>
    public void Ask(RespOutput output, ServerScript script, int count = PageSize)
    {
        IsAsked = true;
        if (plain)
        {
            ScanPage.Ask(output, _cursor, count);
            return;
        }

        script.Write(output, ScanPage.Digits(_cursor), count, ignoredPrefix, DigestScript.NamesOnly, "");
    }

    /// <summary>Takes the answer.</summary>
    /// <exception cref="ServerErrorException">The target refuses it.</exception>
    /// <exception cref="IOException">The target is lost.</exception>
    public async ValueTask TakeAsync(RespConnection connection, ServerScript script, CancellationToken stop)
    {
        var frame = await connection.ReadAsync(stop);
        script.Require(frame);
        if (plain)
        {
            TakePlain(frame.Span);
        }
        else
        {
            _page.Take(frame.Span, each: false, asked: default);
            sums.AddPacked(_page.Names);
            _cursor = _page.Next;
        }

        (IsOver, IsAsked) = (_cursor == 0, false);
    }

    private void TakePlain(ReadOnlySpan<byte> frame)
    {
        var left = ScanPage.Read(frame, out _cursor, out var reader);
        for (; left > 0; left--)
        {
            reader.Require();
            if (!reader.Bytes.StartsWith(ignoredPrefix))
            {
                sums.Add(reader.Bytes);
            }
        }
    }
}
