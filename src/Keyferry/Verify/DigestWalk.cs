using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>One walk over both sides: the source says page by page what its keys are, the target says the same of the keys that the source has named, and where both say the same,
/// they are equal. Meanwhile the target tells the names of its own keys, which are added up, as those of the source are.</summary>
/// <remarks>
/// <para>The source is asked for the next page before this one is compared, and the target for some pages ahead, so that both always have something to do. A call covers one
/// SCAN page, so that a server answers others in between; the page is made smaller where values are large.</para>
/// <para>It can be taken up again where it was interrupted; from the beginning, where a server has been restarted meanwhile.</para>
/// <para>Not thread-safe.</para>
/// </remarks>
/// <param name="ignoredPrefix">Keys whose names begin so are passed over.</param>
/// <param name="onSource">Gets the names of the source's keys.</param>
/// <param name="onTarget">Gets the names of the target's keys.</param>
/// <param name="suspects">Gets the keys that are not certainly equal.</param>
/// <param name="plainNames">Whether the target tells its names by a plain SCAN (<see cref="TargetNames"/>).</param>
internal sealed class DigestWalk(byte[] ignoredPrefix, NameSums onSource, NameSums onTarget, KeyBatch suspects, bool plainNames = false)
{
    /// <summary>Where most values are left out, a key costs the source half as much, and the way between two pages a tenth of the time.</summary>
    private const int LargestIdlePage = 1024;

    /// <summary>While the source's pace is held down: what is asked at once is what others wait for.</summary>
    private const int PacedPage = 64;

    /// <summary>Pages that the target is asked for ahead.</summary>
    private const int Ahead = 3;

    /// <summary>Of pages that are larger, the target is asked for little but its names: as many as the source has named meanwhile.</summary>
    private const int IdleAhead = 1;

    /// <summary>After so many pages it is decided whether to ask for a digest of each key at once.</summary>
    private const int Trial = 16;

    private readonly Stack<DigestPage> _spare = [];
    private readonly Queue<(DigestPage Page, NodeParts? Parts, bool Names)> _asked = [];
    private readonly DigestPage _onSource = new();
    private readonly DigestPage _onTarget = new();
    private bool[] _places = new bool[2 * LargestIdlePage];
    private readonly TargetNames _names = new(ignoredPrefix, onTarget, plainNames);
    private int _page = 32;
    private int _pages;
    private int _unequal;
    private ulong _cursor;
    private bool _sourceIsOver;
    private string _runIds = "";

    /// <summary>Whether the source's keys are walked over, and the target's names are told: of a cluster the nodes have their turns in several walks.</summary>
    public (bool Source, bool Target) Sides { get; init; } = (true, true);

    /// <summary>Whether the names of other walks are among those that were added up: then it cannot begin anew.</summary>
    public bool Continues { get; init; }

    /// <summary>Whether the walk has reached the end.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Most pages hold keys that differ: then each key's digest is asked for at once.</summary>
    private bool Each => _pages >= Trial && _unequal * 2 > _pages;

    /// <summary>Walks on to the end.</summary>
    /// <param name="link">Both sides.</param>
    /// <param name="scripts">The script on both.</param>
    /// <param name="since">Only keys that the source may have used since this second of its clock are looked at, all others are equal if they are there; empty for all.</param>
    /// <param name="compared">Called after each page.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Whether the servers did all of it; if not, one of them refuses something that the script needs, or has been restarted where the walk cannot begin anew.</returns>
    /// <exception cref="IOException">A server is lost.</exception>
    public async ValueTask<bool> RunAsync(
        VerifyLink link,
        DigestScripts scripts,
        string since,
        Func<ValueTask> compared,
        CancellationToken stop
    )
    {
        if (!StartedOverIfRestarted(link) || IsOver)
        {
            return IsOver;
        }

        try
        {
            await WalkAsync(link, scripts, since, compared, stop);
            return IsOver = true;
        }
        catch (ServerErrorException refused) when (!Outage.IsPassing(refused))
        {
            // Answers to other pages may still be on their way: nobody is to take them for his own.
            foreach (var side in (VerifySide[])[link.Source, link.Target])
            {
                side.Pages.Reset();
                side.Looks.Reset();
            }

            return false;
        }
        finally
        {
            while (_asked.TryDequeue(out var left))
            {
                _spare.Push(left.Page);
            }
        }
    }

    private async ValueTask WalkAsync(
        VerifyLink link,
        DigestScripts scripts,
        string since,
        Func<ValueTask> compared,
        CancellationToken stop
    )
    {
        _names.Forget();
        if (!_sourceIsOver)
        {
            await WalkSourceAsync(link, scripts, since, compared, stop);
        }

        while (!_names.IsOver)
        {
            _names.Ask(link.Target.Pages.Output, scripts.Target);
            await link.Target.Pages.FlushAsync(stop);
            await _names.TakeAsync(link.Target.Pages, scripts.Target, stop);
            await compared();
        }
    }

    private async ValueTask WalkSourceAsync(
        VerifyLink link,
        DigestScripts scripts,
        string since,
        Func<ValueTask> compared,
        CancellationToken stop
    )
    {
        var cursor = _cursor;
        var each = await AskSourceAsync(cursor, link, scripts, since, stop);
        do
        {
            var page = _spare.TryPop(out var spare) ? spare : new DigestPage();
            var frame = await link.Source.Pages.ReadAsync(stop);
            scripts.Source.Require(frame);
            link.Pace?.Received(frame.Length);
            page.Take(frame.Span, each, asked: default);
            _page = DigestScript.NextPage(
                _page,
                page.ValueBytes,
                since.Length > 0 && IsIdle(page) ? LargestIdlePage : DigestScript.LargestPage
            );
            cursor = page.Next;
            if (cursor != 0)
            {
                each = await AskSourceAsync(cursor, link, scripts, since, stop);
            }

            var ahead = _page > DigestScript.LargestPage ? IdleAhead : Ahead;
            await AskTargetAsync(page, ahead, link, scripts, stop);
            while (_asked.Count > (cursor == 0 ? 0 : ahead))
            {
                await CompleteAsync(link, scripts, stop);
                await compared();
            }
        } while (cursor != 0);
    }

    /// <summary>Three quarters of the page's values were left out because their keys are idle.</summary>
    private static bool IsIdle(DigestPage page) => page.Count * 4 < new PackedNames(page.Names).Left - new PackedNames(page.Apart).Left;

    /// <summary>Asks for a page, when the source may be asked.</summary>
    /// <returns>Whether a digest of each key was asked for.</returns>
    private async ValueTask<bool> AskSourceAsync(ulong cursor, VerifyLink link, DigestScripts scripts, string since, CancellationToken stop)
    {
        if (link.Pace is { IsFree: false } pace)
        {
            _page = Math.Min(_page, PacedPage);
            await pace.PageAsync(_page, stop);
        }

        var each = Each;
        scripts.Source.Write(link.Source.Pages.Output, ScanPage.Digits(cursor), _page, ignoredPrefix, since, each ? "1" : "");
        await link.Source.Pages.FlushAsync(stop);
        return each;
    }

    private async ValueTask AskTargetAsync(DigestPage page, int ahead, VerifyLink link, DigestScripts scripts, CancellationToken stop)
    {
        var output = link.Target.Pages.Output;
        var parts = page.Count > 0 ? scripts.OnTarget.Ask(link.Target, output, page.Looked, page.Each) : null;

        var names = !_names.IsOver && !_names.IsAsked;
        if (names)
        {
            // The answer is taken after those about this page and the pages ahead of it: as many names, so that both sides come to their ends together.
            _names.Ask(output, scripts.Target, Math.Max(TargetNames.PageSize, (ahead + 1) * _page));
        }

        _asked.Enqueue((page, parts, names));
        await link.Target.Pages.FlushAsync(stop);
    }

    /// <summary>Compares the page that was asked for first.</summary>
    private async ValueTask CompleteAsync(VerifyLink link, DigestScripts scripts, CancellationToken stop)
    {
        var (page, parts, names) = _asked.Peek();
        if (page.Count > 0)
        {
            await scripts.OnTarget.ReadAsync(link.Target, link.Target.Pages, parts, page.Looked, page.Each, _onTarget, stop);
            await JudgeAsync(page, link, scripts, stop);
        }

        await CompareApartAsync(page, link, scripts, stop);
        if (names)
        {
            await _names.TakeAsync(link.Target.Pages, scripts.Target, stop);
        }

        onSource.AddPacked(page.Names);
        _pages++;
        _cursor = page.Next;
        _sourceIsOver = _cursor == 0;
        _spare.Push(_asked.Dequeue().Page);
    }

    /// <summary>Finds the keys of a page that are not certainly equal; asks for a digest of each where that of all differs.</summary>
    private async ValueTask JudgeAsync(DigestPage page, VerifyLink link, DigestScripts scripts, CancellationToken stop)
    {
        var source = page;
        if (!page.Each && !page.Digest.SequenceEqual(_onTarget.Digest))
        {
            _unequal++;
            await AskSourceAsync(link, scripts, page.Looked, each: true, _onSource, stop);
            await AskTargetAsync(link, scripts, page.Looked, each: true, stop);
            source = _onSource;
        }

        if (source.Count != page.Count || _onTarget.Count != page.Count)
        {
            // One of both has set keys apart, so that the places are not the same.
            AddAll(page.Looked.Span);
            return;
        }

        if (_places.Length < page.Count)
        {
            _places = new bool[page.Count * 2];
        }

        Array.Clear(_places);
        for (var i = 0; source.Each && i < page.Count; i++)
        {
            _places[i] = !source.AgreesAt(i, _onTarget);
        }

        source.MarkUnequalTables(_onTarget, _places);
        source.MarkUnequalExpiries(_onTarget, link.Expiry, _places);
        _unequal += page.Each && _places.AsSpan(0, page.Count).Contains(true) ? 1 : 0;
        AddPlaces(page.Looked.Span);
    }

    /// <summary>Looks at the keys that were too much for one call in calls of their own; those that are too large by themselves are suspects.</summary>
    private async ValueTask CompareApartAsync(DigestPage page, VerifyLink link, DigestScripts scripts, CancellationToken stop)
    {
        if (page.Apart.IsEmpty)
        {
            return;
        }

        var part = new DigestPage();
        for (var left = page.Apart.ToArray(); left.Length > 0; left = part.Apart.ToArray())
        {
            await AskSourceAsync(link, scripts, left, each: false, part, stop);
            if (part.Count == 0)
            {
                AddAll(left);
                return;
            }

            await AskTargetAsync(link, scripts, part.Looked, each: false, stop);
            await JudgeAsync(part, link, scripts, stop);
        }
    }

    /// <summary>Asks the source about keys by name, beside the pages that are under way.</summary>
    private static async ValueTask AskSourceAsync(
        VerifyLink link,
        DigestScripts scripts,
        ReadOnlyMemory<byte> names,
        bool each,
        DigestPage answer,
        CancellationToken stop
    )
    {
        // They may be too much for one call.
        scripts.Source.Write(link.Source.Looks.Output, "", names, "1", "", each ? "1" : "");
        await link.Source.Looks.FlushAsync(stop);
        var frame = await link.Source.Looks.ReadAsync(stop);
        scripts.Source.Require(frame);
        answer.Take(frame.Span, each, names.Span);
    }

    /// <summary>Asks the target about keys by name, beside the pages that are under way: what the source has found small enough for one call is asked for whole.</summary>
    private async ValueTask AskTargetAsync(
        VerifyLink link,
        DigestScripts scripts,
        ReadOnlyMemory<byte> names,
        bool each,
        CancellationToken stop
    )
    {
        var parts = scripts.OnTarget.Ask(link.Target, link.Target.Looks.Output, names, each);
        await link.Target.Looks.FlushAsync(stop);
        await scripts.OnTarget.ReadAsync(link.Target, link.Target.Looks, parts, names, each, _onTarget, stop);
    }

    private void AddPlaces(ReadOnlySpan<byte> packed)
    {
        var place = 0;
        for (var names = new PackedNames(packed); names.Next(out var name); place++)
        {
            if (_places[place])
            {
                suspects.Add(name);
            }
        }
    }

    private void AddAll(ReadOnlySpan<byte> packed)
    {
        for (var names = new PackedNames(packed); names.Next(out var name); )
        {
            suspects.Add(name);
        }
    }

    /// <summary>A cursor means nothing to a server that has been restarted, and its keys may be others.</summary>
    /// <returns>Whether the walk can go on, or begin.</returns>
    private bool StartedOverIfRestarted(VerifyLink link)
    {
        var runIds = $"{link.Source.Identity.RunId} {link.Target.Identity.RunId}";
        if (_runIds == runIds)
        {
            return true;
        }

        if (Continues && _runIds.Length > 0)
        {
            return IsOver = false;
        }

        (_runIds, _cursor, IsOver) = (runIds, 0, false);
        _sourceIsOver = !Sides.Source;
        _names.Begin(isOver: !Sides.Target);
        (_pages, _unequal) = (0, 0);
        if (!Continues)
        {
            onSource.Clear();
            onTarget.Clear();
        }

        return true;
    }
}
