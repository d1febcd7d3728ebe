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
}
