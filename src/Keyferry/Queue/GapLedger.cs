using System.Globalization;
using Keyferry.Model;

namespace Keyferry.Queue;

/// <summary>What may have been missed, and whether it has been looked at since.</summary>
/// <remarks>
/// <para><b>The rule.</b> A gap is closed only by a rescan that began after the gap was opened: what is lost while a rescan runs may concern keys that it has passed.
/// So a rescan takes the gaps that are open when it begins and closes those alone.</para>
/// <para><b>Concurrency.</b> Anybody, any time.</para>
/// </remarks>
internal sealed class GapLedger(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<Gap> _pending = [];
    private readonly List<Gap> _closing = [];
    private int _total;

    /// <summary>Told of every gap when it opens; must return at once.</summary>
    public Action<Gap>? Opened { get; set; }

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
                return _pending.Count + _closing.Count;
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
                return _closing.Concat(_pending).MinBy(static gap => gap.Id);
            }
        }
    }

    /// <summary>Whether a gap of this scope is not closed.</summary>
    public bool IsOpen(GapScope scope)
    {
        lock (_lock)
        {
            return _pending.Concat(_closing).Any(gap => gap.Scope == scope);
        }
    }

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
    public void Note(string reason, GapScope scope = GapScope.AllKeys, long? since = null)
    {
        Gap gap;
        lock (_lock)
        {
            // One that nobody has begun to close yet covers this loss, too.
            var same = _pending.FindIndex(open => open.Reason == reason && open.Scope == scope);
            if (same >= 0)
            {
                _pending[same] = _pending[same] with { Since = Earlier(_pending[same].Since, since) };
                return;
            }

            gap = new Gap(++_total, reason, scope, time.GetUtcNow()) { Since = since };
            _pending.Add(gap);
        }

        Opened?.Invoke(gap);
        Pulse.Set();
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
            _pending.InsertRange(0, _closing);
            _closing.Clear();
        }
    }

    /// <summary>Everything that the gaps taken by <see cref="BeginClosing"/> concern has been looked at.</summary>
    public void FinishClosing()
    {
        Gap[] closed;
        lock (_lock)
        {
            closed = [.. _closing];
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

    /// <summary>What <see cref="Concerns"/> says of a gap of streams.</summary>
    public const string StreamsInWords = "streams";

    /// <summary>Which part of the keyspace is concerned, in words.</summary>
    public string Concerns =>
        Scope == GapScope.Streams ? StreamsInWords
        : Slots is { } slots ? string.Create(CultureInfo.InvariantCulture, $"{slots.Count:#,0} slots")
        : "all keys";
}

/// <summary>Which part of the keyspace a gap concerns; a later member covers the earlier ones.</summary>
internal enum GapScope
{
    /// <summary>Streams only: commands that change consumer groups raise no event.</summary>
    Streams,

    /// <summary>Every key.</summary>
    AllKeys,
}
