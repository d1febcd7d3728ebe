using Keyferry.Cli.Output;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Tests.Output;

public sealed class ProgressRatesTests
{
    private readonly ProgressRates _rates = new(
        new MigrationOptions
        {
            Source = new Endpoint { Host = "a" },
            Target = new Endpoint { Host = "b" },
        }
    );

    [Fact]
    public void A_look_at_the_start_has_no_rate()
    {
        var view = _rates.Take(At(0, 0));
        Assert.Equal((0, 0, null), (view.KeysPerSecond, view.ChangesPerSecond, view.CopyLeft));
    }

    [Fact]
    public void The_first_look_has_the_rate_since_the_start() => Assert.Equal(50, _rates.Take(At(2, 100)).KeysPerSecond, precision: 3);

    [Fact]
    public void Rates_are_over_the_last_ten_seconds()
    {
        for (var second = 0; second <= 20; second++)
        {
            // 1,000 a second for ten seconds, 100 a second afterwards.
            _rates.Take(At(second, second <= 10 ? second * 1000 : 10_000 + ((second - 10) * 100)));
        }

        var view = _rates.Take(At(21, 11_100));
        Assert.Equal(100, view.KeysPerSecond, precision: 3);
        Assert.Equal(TimeSpan.FromSeconds(89), view.CopyLeft);
    }

    [Fact]
    public void Looks_that_are_far_apart_have_a_rate_too()
    {
        _rates.Take(At(0, 0));
        Assert.Equal(10, _rates.Take(At(60, 600)).KeysPerSecond, precision: 3);
        Assert.Equal(20, _rates.Take(At(120, 1800)).KeysPerSecond, precision: 3);
    }

    [Fact]
    public void A_copy_that_is_done_has_nothing_left()
    {
        _rates.Take(At(0, 0));
        Assert.Null(_rates.Take(At(1, 100) with { CopyDone = true }).CopyLeft);
    }

    [Fact]
    public void Rates_begin_anew_when_keys_are_moved_back()
    {
        for (var second = 0; second <= 40; second++)
        {
            _rates.Take(At(second, 20_000) with { Changes = second * 1_000, ChangesMoved = second * 1_000 });
        }

        // The way back has counted 300 a second since the switch.
        var view = _rates.Take(Back(42, 600));
        Assert.Equal((300, 300), (view.ChangesPerSecond, view.MovedPerSecond));
        Assert.Equal(300, _rates.Take(Back(44, 1_200)).ChangesPerSecond, precision: 3);

        // The counters of the way there are shown again at the end.
        Assert.Equal(0, _rates.Take(At(60, 20_000) with { Changes = 40_000 }).ChangesPerSecond);
    }

    [Fact]
    public void What_is_shown_of_the_way_back_names_the_direction_that_is_moving()
    {
        var there = _rates.Take(At(1, 100));
        var back = _rates.Take(Back(42, 600));
        Assert.Equal(("a:6379", "b:6379"), (there.From, there.To));
        Assert.Equal(("b:6379", "a:6379"), (back.From, back.To));
        Assert.Contains(
            " reversible (moving back, from b:6379 to a:6379) | changes 300/s in, ",
            LineView.LineOf(back, Examples.At),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("moving back", LineView.LineOf(there, Examples.At), StringComparison.Ordinal);
        Assert.Equal(
            ["forward", "back"],
            ((ProgressView[])[there, back]).Select(static view => JsonMapping.Of(view, Examples.At.UtcDateTime).Direction)
        );
    }

    private static ProgressSnapshot Back(int second, long changes) =>
        new()
        {
            Phase = Phase.Reversible,
            Elapsed = TimeSpan.FromSeconds(second),
            BackSince = TimeSpan.FromSeconds(40),
            CopyDone = true,
            Changes = changes,
            ChangesMoved = changes,
        };

    private static ProgressSnapshot At(int second, long scanned) =>
        new()
        {
            Phase = Phase.Copying,
            Elapsed = TimeSpan.FromSeconds(second),
            Scanned = scanned,
            ScanTotal = 20_000,
        };
}
