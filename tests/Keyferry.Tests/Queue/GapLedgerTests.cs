using Keyferry.Model;
using Keyferry.Queue;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Queue;

public class GapLedgerTests
{
    private readonly GapLedger _gaps = new(new FakeTimeProvider());

    [Fact]
    public void A_gap_that_opens_during_a_rescan_is_not_closed_by_it()
    {
        _gaps.Note("lost");
        Assert.Equal(GapScope.AllKeys, _gaps.BeginClosing());
        _gaps.Note("lost");
        _gaps.FinishClosing();
        Assert.Equal(1, _gaps.Open);
        Assert.Equal(2, _gaps.Total);
    }

    [Fact]
    public void The_oldest_open_gap_is_known_with_what_it_concerns()
    {
        Assert.Null(_gaps.Oldest);
        _gaps.Note("XACK", GapScope.Streams);
        _ = _gaps.BeginClosing();
        _gaps.NoteSlots("moved", SlotRanges.Of([1, 2]));
        _gaps.Note("lost");

        Assert.Equal(("XACK", "streams"), (_gaps.Oldest?.Reason, _gaps.Oldest?.Concerns));
        _gaps.FinishClosing();
        Assert.Equal(("moved", "2 slots"), (_gaps.Oldest?.Reason, _gaps.Oldest?.Concerns));
        _ = _gaps.BeginClosing();
        _gaps.FinishClosing();
        Assert.Null(_gaps.Oldest);
    }

    [Fact]
    public void The_same_loss_twice_before_any_rescan_is_one_gap()
    {
        _gaps.Note("lost");
        _gaps.Note("lost");
        Assert.Equal(1, _gaps.Total);
    }

    [Fact]
    public void A_failed_rescan_leaves_its_gaps_open()
    {
        _gaps.Note("XACK", GapScope.Streams);
        Assert.Equal(GapScope.Streams, _gaps.BeginClosing());
        _gaps.AbandonClosing();
        Assert.Equal(1, _gaps.Pending);
        _gaps.Note("lost");
        Assert.Equal(GapScope.AllKeys, _gaps.BeginClosing());
        _gaps.FinishClosing();
        Assert.Equal(0, _gaps.Open);
        Assert.Null(_gaps.BeginClosing());
    }

    [Fact]
    public void Gaps_of_slots_are_closed_by_looking_at_those_unless_another_concerns_all_keys()
    {
        _gaps.NoteSlots("moved", SlotRanges.Of([1, 2]));
        _gaps.NoteSlots("moved", SlotRanges.Of([2, 3]));
        Assert.Equal(1, _gaps.Total);
        Assert.Equal(GapScope.AllKeys, _gaps.BeginClosing());
        Assert.Equal(3, _gaps.ClosingSlots?.Count);
        _gaps.AbandonClosing();
        _gaps.NoteSlots("moved elsewhere", SlotRanges.Of([4]));
        _ = _gaps.BeginClosing();
        Assert.Equal(4, _gaps.ClosingSlots?.Count);
        _gaps.AbandonClosing();
        _gaps.Note("lost");
        _ = _gaps.BeginClosing();
        Assert.Null(_gaps.ClosingSlots);
    }

    /// <summary>The source is silent: what it does meanwhile is found by looking, again and again, but only a look after it speaks again finds all of it.</summary>
    [Fact]
    public void A_gap_that_lasts_is_closed_by_a_rescan_after_its_end_and_by_no_other()
    {
        var (silence, closed) = (new GapCause(), new List<Gap>());
        _gaps.Closed = closed.Add;
        for (var trial = 0; trial < 3; trial++)
        {
            _gaps.Note("silent", cause: silence, lasts: true);
            Assert.Equal((1, false), (_gaps.Pending, _gaps.OnlyLastingAreOpen));
            Rescan();
            Assert.Equal((0, 1, true), (_gaps.Pending, _gaps.Open, _gaps.OnlyLastingAreOpen));
            Assert.True(_gaps.IsOpen(GapScope.AllKeys));
            Assert.Equal("silent", _gaps.Oldest?.Reason);
        }

        _gaps.Note("was silent", cause: silence);
        Assert.Equal((1, 1), (_gaps.Pending, _gaps.Open));
        Rescan();

        Assert.Equal((0, 1), (_gaps.Open, _gaps.Total));
        Assert.Equal("was silent", Assert.Single(closed).Reason);
        _gaps.Note("silent", cause: new GapCause(), lasts: true);
        Assert.Equal(2, _gaps.Total);
    }

    [Fact]
    public void A_gap_whose_end_is_noted_during_a_rescan_is_not_closed_by_it()
    {
        var silence = new GapCause();
        _gaps.Note("silent", since: 7, cause: silence, lasts: true);
        _ = _gaps.BeginClosing();
        _gaps.Note("was silent", since: 9, cause: silence);
        Assert.Equal(7, _gaps.ClosingSince);
        _gaps.FinishClosing();

        Assert.Equal((1, 1, 1), (_gaps.Pending, _gaps.Open, _gaps.Total));
        Rescan();
        Assert.Equal(0, _gaps.Open);
    }

    [Fact]
    public void A_gap_whose_end_is_noted_during_a_rescan_that_fails_is_closed_by_the_next()
    {
        var silence = new GapCause();
        _gaps.Note("silent", cause: silence, lasts: true);
        _ = _gaps.BeginClosing();
        _gaps.Note("was silent", cause: silence);
        _gaps.AbandonClosing();
        Assert.Equal((1, 1), (_gaps.Pending, _gaps.Open));
        Rescan();
        Assert.Equal(0, _gaps.Open);
    }

    [Fact]
    public void What_more_is_known_of_a_gap_is_told_and_opens_none()
    {
        var (loss, told, opened) = (new GapCause(), new List<Gap>(), new List<Gap>());
        (_gaps.Changed, _gaps.Opened) = (told.Add, opened.Add);
        _gaps.Note("closed", since: 5, cause: loss);
        _gaps.Note("closed", since: 5, cause: loss);
        Assert.Empty(told);
        _gaps.Note("cut off", since: null, cause: loss);

        var gap = Assert.Single(told);
        Assert.Equal((1, "cut off", null), (gap.Id, gap.Reason, gap.Since));
        Assert.Single(opened);
        _gaps.Note("closed", cause: new GapCause());
        _gaps.Note("closed", cause: new GapCause());
        Assert.Equal(2, _gaps.Total);
        Rescan();
        Assert.Equal(0, _gaps.Open);
    }

    private void Rescan()
    {
        Assert.Equal(GapScope.AllKeys, _gaps.BeginClosing());
        _gaps.FinishClosing();
    }
}
