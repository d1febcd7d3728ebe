using Keyferry.Transfer;

namespace Keyferry.Tests.Transfer;

public sealed class PageSizerTests
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(5);

    [Fact]
    public void Small_and_quick_answers_let_pages_grow_to_the_largest()
    {
        var sizer = new PageSizer(1000, 100_000, Slice);
        for (var i = 0; i < 10; i++)
        {
            sizer.Saw(sizer.Size * 10, TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(1000, sizer.Size);
    }

    [Fact]
    public void A_server_that_takes_long_is_asked_for_less_and_for_more_again_once_it_is_quick()
    {
        var sizer = new PageSizer(1000, 100_000, Slice);
        for (var i = 0; i < 10; i++)
        {
            // Ten microseconds an item.
            sizer.Saw(sizer.Size * 10, TimeSpan.FromMicroseconds(sizer.Size * 10));
        }

        Assert.InRange(sizer.Size, 250, 512);
        sizer.Saw(1000, TimeSpan.FromSeconds(1));
        Assert.Equal(16, sizer.Size);
        sizer.Saw(1000, TimeSpan.FromMilliseconds(1));
        Assert.Equal(32, sizer.Size);
    }

    [Fact]
    public void Large_items_are_asked_for_one_by_one_however_quick_the_server_is()
    {
        var sizer = new PageSizer(1000, 100_000, Slice);
        sizer.Saw(64 * 1_000_000L, TimeSpan.Zero);
        Assert.Equal(1, sizer.Size);
    }

    [Fact]
    public void What_a_round_trip_takes_is_not_the_server_s_time()
    {
        var now = TimeSpan.Zero;
        var watch = new SliceWatch(() => now);
        watch.Begin();
        now += TimeSpan.FromMilliseconds(40);
        watch.EndRoundTrip();
        watch.Begin();
        now += TimeSpan.FromMilliseconds(60);
        Assert.Equal(TimeSpan.FromMilliseconds(20), watch.End());
        watch.Begin();
        now += TimeSpan.FromMilliseconds(10);
        Assert.Equal(TimeSpan.Zero, watch.End());
    }
}
