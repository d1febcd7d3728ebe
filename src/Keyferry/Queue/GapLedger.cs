using System.Globalization;
using Keyferry.Model;

namespace Keyferry.Queue;

/// <summary>What may have been missed, and whether it has been looked at since.</summary>
/// <remarks>
/// <para><b>The rule.</b> A gap is closed only by a rescan that began after the gap was noted last: what is lost while a rescan runs may concern keys that it has passed.
/// So a rescan takes the gaps that are open when it begins and closes those alone, and of those not the ones that last.</para>
/// <para><b>Concurrency.</b> Anybody, any time.</para>
/// </remarks>
internal sealed class GapLedger(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<Gap> _pending = [];
    private readonly List<Gap> _closing = [];
    private readonly List<Gap> _standing = [];
    private int _total;

    /// <summary>Told of every gap when it opens; must return at once.</summary>
    public Action<Gap>? Opened { get; set; }

    /// <summary>Told of every gap of which more is known than when it opened; must return at once.</summary>
    public Action<Gap>? Changed { get; set; }

    /// <summary>Told of every gap when it is closed; must return at once.</summary>
    public Action<Gap>? Closed { get; set; }

    /// <summary>Set when a gap opens.</summary>
    public Pulse Pulse { get; } = new();

    /// <summary>All gaps of the run noticed so far.</summary>
    public int Total
    {
        get
        {
            lock (_lock)
            {
                return _total;
            }
        }
    }

    /// <summary>Gaps that are not closed.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count + _closing.Count + _standing.Count;
            }
        }
    }

    /// <summary>The gap that has been open for the longest time; <see langword="null"/> where none is open.</summary>
    public Gap? Oldest
    {
        get
        {
            lock (_lock)
            {
                return All.MinBy(static gap => gap.Id);
            }
        }
    }

    /// <summary>Whether a gap of this scope is not closed.</summary>
    public bool IsOpen(GapScope scope)
    {
        lock (_lock)
        {
            return All.Any(gap => gap.Scope == scope);
        }
    }

    /// <summary>Whether every open gap lasts and has been looked at since it was noted last: there is nothing to do but to wait for its end.</summary>
    public bool OnlyLastingAreOpen
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count + _closing.Count == 0;
            }
        }
    }

    private IEnumerable<Gap> All => _closing.Concat(_pending).Concat(_standing);

    /// <summary>Gaps that no rescan has taken yet.</summary>
    public int Pending
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count;
            }
        }
    }

    /// <summary>The widest scope of the gaps that no rescan has taken yet.</summary>
    public GapScope PendingScope
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count == 0 ? GapScope.Streams : _pending.Max(static gap => gap.Scope);
            }
        }
    }

    /// <summary>Notes that changes may have been missed.</summary>
    /// <param name="reason">What happened, in words.</param>
    /// <param name="scope">Which part of the keyspace.</param>
    /// <param name="since">A timestamp of the run's clock before which no change of the source was missed, if all that may be missing is changes of the source.</param>
    /// <param name="cause">What other notes of the same gap have in common with this one; <see langword="null"/> where there are none.</param>
    /// <param name="lasts">Whether more is being missed still: no rescan closes the gap before the same cause is noted as one that does not last.</param>
    public void Note(string reason, GapScope scope = GapScope.AllKeys, long? since = null, GapCause? cause = null, bool lasts = false)
    {
        Gap? opened = null;
        Gap? changed;
        lock (_lock)
        {
            if (!TryRenote(reason, since, cause, lasts, out changed))
            {
                // One that nobody has begun to close yet covers this loss, too.
                var same = lasts ? -1 : _pending.FindIndex(open => open.Reason == reason && open.Scope == scope);
                if (same >= 0)
                {
                    _pending[same] = _pending[same] with { Since = Earlier(_pending[same].Since, since) };
                    return;
                }

                opened = new Gap(++_total, reason, scope, time.GetUtcNow())
                {
                    Since = since,
                    Cause = cause,
                    Lasts = lasts,
                };
                _pending.Add(opened);
            }
        }

        if (opened is not null)
        {
            Opened?.Invoke(opened);
        }

        if (changed is not null)
        {
            Changed?.Invoke(changed);
        }

        Pulse.Set();
    }

    /// <summary>Notes a gap again that is open for the same cause: it is to be looked at (again) from now on.</summary>
    private bool TryRenote(string reason, long? since, GapCause? cause, bool lasts, out Gap? changed)
    {
        changed = null;
        if (cause is null)
        {
            return false;
        }

        foreach (var list in (List<Gap>[])[_pending, _standing, _closing])
        {
            var at = list.FindIndex(open => open.Cause == cause);
            if (at < 0)
            {
                continue;
            }

            var gap = list[at] with { Reason = reason, Since = Earlier(list[at].Since, since), Lasts = lasts };
            changed = gap.Reason == list[at].Reason ? null : gap;
            if (list == _standing)
            {
                list.RemoveAt(at);
                _pending.Add(gap);
            }
            else
            {
                list[at] = gap with { IsNotedAgain = list == _closing };
            }

            return true;
        }

        return false;
    }

    /// <summary>Before this timestamp nothing was missed by any of the gaps that are being closed; <see langword="null"/> where that is not known of all.</summary>
    public long? ClosingSince
    {
        get
        {
            lock (_lock)
            {
                return _closing.Count == 0 ? null : _closing.Select(static gap => gap.Since).Aggregate(Earlier);
            }
        }
    }

    /// <summary>Notes that changes of keys in some slots may have been missed.</summary>
    /// <param name="reason">What happened, in words; another one than for a gap of all keys.</param>
    /// <param name="slots">Which slots.</param>
    public void NoteSlots(string reason, SlotRanges slots)
    {
        Gap gap;
        lock (_lock)
        {
            var same = _pending.FindIndex(open => open.Reason == reason);
            if (same >= 0)
            {
                _pending[same] = _pending[same] with { Slots = _pending[same].Slots?.With(slots) };
                return;
            }

            gap = new Gap(++_total, reason, GapScope.AllKeys, time.GetUtcNow()) { Slots = slots };
            _pending.Add(gap);
        }

        Opened?.Invoke(gap);
        Pulse.Set();
    }

    /// <summary>The slots that all gaps which are being closed are confined to; <see langword="null"/> where one is not.</summary>
    public SlotRanges? ClosingSlots
    {
        get
        {
            lock (_lock)
            {
                return _closing.Count == 0 || _closing.Exists(static gap => gap.Slots is null)
                    ? null
                    : _closing.Select(static gap => gap.Slots).OfType<SlotRanges>().Aggregate(static (one, other) => one.With(other));
            }
        }
    }

    /// <summary>Takes up what an earlier process of the run has noticed: numbers go on after its own, and what it left open is closed by the next rescan.</summary>
    /// <param name="total">How many gaps there were.</param>
    /// <param name="open">Those that nobody has closed.</param>
    public void TakeUp(int total, IEnumerable<Gap> open)
    {
        lock (_lock)
        {
            _total = total;
            _pending.AddRange(open);
        }
    }

    /// <summary>Begins to close every gap that is open now.</summary>
    /// <returns>What must be looked at again, or <see langword="null"/> where no gap is open.</returns>
    public GapScope? BeginClosing()
    {
        lock (_lock)
        {
            _closing.AddRange(_pending);
            _pending.Clear();
            return _closing.Count == 0 ? null : _closing.Max(static gap => gap.Scope);
        }
    }

    /// <summary>The rescan failed: its gaps are as open as before.</summary>
    public void AbandonClosing()
    {
        lock (_lock)
        {
            _pending.InsertRange(0, _closing.Select(static gap => gap with { IsNotedAgain = false }));
            _closing.Clear();
        }
    }

    /// <summary>Everything that the gaps taken by <see cref="BeginClosing"/> concern has been looked at.</summary>
    public void FinishClosing()
    {
        Gap[] closed;
        lock (_lock)
        {
            _pending.InsertRange(0, _closing.Where(static gap => gap.IsNotedAgain).Select(static gap => gap with { IsNotedAgain = false }));
            _standing.AddRange(_closing.Where(static gap => gap is { IsNotedAgain: false, Lasts: true }));
            closed = [.. _closing.Where(static gap => gap is { IsNotedAgain: false, Lasts: false })];
            _closing.Clear();
        }

        foreach (var gap in closed)
        {
            Closed?.Invoke(gap);
        }
    }

    private static long? Earlier(long? one, long? other) => one is { } first && other is { } second ? Math.Min(first, second) : null;
}

/// <summary>A time during which changes may have been missed.</summary>
/// <param name="Id">Counts from 1 within the run.</param>
/// <param name="Reason">What happened, in words.</param>
/// <param name="Scope">Which part of the keyspace is concerned.</param>
/// <param name="Noticed">When, by Keyferry's clock.</param>
internal sealed record Gap(int Id, string Reason, GapScope Scope, DateTimeOffset Noticed)
{
    /// <summary>The slots that it is confined to; <see langword="null"/> for all.</summary>
    public SlotRanges? Slots { get; init; }

    /// <summary>A timestamp of the run's clock before which no change of the source was missed; <see langword="null"/> where that is not known, or where the target
    /// may have lost something, too.</summary>
    public long? Since { get; init; }

    /// <summary>What all notes of it have in common; <see langword="null"/> where it is noted once.</summary>
    public GapCause? Cause { get; init; }

    /// <summary>Whether more is being missed still.</summary>
    public bool Lasts { get; init; }

    /// <summary>Whether it was noted again since the rescan began that is to close it.</summary>
    public bool IsNotedAgain { get; init; }

    /// <summary>What <see cref="Concerns"/> says of a gap of streams.</summary>
    public const string StreamsInWords = "streams";

    /// <summary>Which part of the keyspace is concerned, in words.</summary>
    public string Concerns =>
        Scope == GapScope.Streams ? StreamsInWords
        : Slots is { } slots ? string.Create(CultureInfo.InvariantCulture, $"{slots.Count:#,0} slots")
        : "all keys";
}

/// <summary>What notes of one gap have in common: the gap that is open for it is noted again, rather than a second one opened. It is itself, and holds nothing.</summary>
internal sealed class GapCause;

/// <summary>Which part of the keyspace a gap concerns; a later member covers the earlier ones.</summary>
internal enum GapScope
{
    /// <summary>Streams only: commands that change consumer groups raise no event.</summary>
    Streams,

    /// <summary>Every key.</summary>
    AllKeys,
}
