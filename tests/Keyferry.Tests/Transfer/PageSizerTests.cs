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
    public void Elements_that_are_large_on_average_are_asked_for_one_by_one_from_the_first()
    {
        Assert.Equal(1, new PageSizer(new ValueSize(100, 400_000_000), 1000, 256_000).Size);
        Assert.Equal(2, new PageSizer(new ValueSize(100, 12_000_000), 1000, 256_000).Size);
        Assert.Equal(64, new PageSizer(new ValueSize(5_000_000, 450_000_000), 1000, 256_000).Size);
    }

    [Fact]
    public void Where_nothing_is_known_of_them_one_element_is_asked_for_first()
    {
        var sizer = new PageSizer(new ValueSize(1000, 0), 1000, 256_000);
        Assert.Equal(1, sizer.Size);
        sizer.Saw(4_000_000);
        Assert.Equal(1, sizer.Size);
        sizer.Saw(10);
        Assert.Equal(2, sizer.Size);
    }

    [Fact]
    public void Large_elements_behind_small_ones_are_approached_slowly()
    {
        var (small, large) = (5000, 100);
        var value = new ValueSize(small + large, (small * 70L) + (large * 4_000_000L));
        var sizer = new PageSizer(value, 1000, 256_000);
        var most = 0L;
        for (var next = 0; next < small + large; next += sizer.Size)
        {
            var bytes = 0L;
            for (var i = next; i < Math.Min(small + large, next + sizer.Size); i++)
            {
                bytes += i < small ? 20 : 4_000_000;
            }

            most = Math.Max(most, bytes);
            sizer.Saw(bytes);
        }

        Assert.InRange(most, 1, 8_000_000);
    }

    [Fact]
    public void Small_elements_that_use_more_memory_than_they_tell_are_not_taken_for_large_ones()
    {
        var sizer = new PageSizer(new ValueSize(5_000_000, 450_000_000), 1000, 256_000);
        for (var i = 0; i < 10; i++)
        {
            sizer.Saw(sizer.Size * 12);
        }

        Assert.Equal(1000, sizer.Size);
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
