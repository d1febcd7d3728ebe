using Keyferry.Cli.Report;
using Keyferry.Observe;

namespace Keyferry.Cli.Tests.Report;

public sealed class RunHistoryTests
{
    private readonly RunHistory _history = new();

    [Theory]
    [InlineData(1)]
    [InlineData(RunHistory.MostSamples - 1)]
    [InlineData(RunHistory.MostSamples)]
    [InlineData(30 * RunHistory.MostSamples + 17)]
    public void It_is_bounded_and_ends_with_the_latest_look(int looks)
    {
        for (var i = 1; i <= looks; i++)
        {
            Take(i, TimeSpan.Zero);
        }

        Assert.InRange(_history.Samples.Count, Math.Min(looks, RunHistory.MostSamples / 2), RunHistory.MostSamples);
        Assert.Equal(TimeSpan.FromSeconds(looks), _history.Samples[^1].Elapsed);
        Assert.Equal(looks * 10, _history.Samples[^1].Moved);
        Assert.Equal(_history.Samples.OrderBy(static sample => sample.Elapsed), _history.Samples);
    }

    [Fact]
    public void A_moment_of_great_lag_is_still_there_after_days()
    {
        for (var i = 1; i <= 20 * RunHistory.MostSamples; i++)
        {
            Take(i, i == 777 ? TimeSpan.FromSeconds(42) : TimeSpan.FromMilliseconds(1));
        }

        var worst = _history.Samples.MaxBy(static sample => sample.LagP99);
        Assert.Equal(TimeSpan.FromSeconds(42), worst.LagP99);
        Assert.InRange(worst.Elapsed.TotalSeconds, 777, 777 + 40);
    }

    [Fact]
    public void The_first_events_are_kept_and_the_others_counted()
    {
        for (var i = 0; i < RunHistory.MostEvents; i++)
        {
            _history.Take([new RunEvent.GapOpened(Examples.At, i, "x", "y"), new RunEvent.GapClosed(Examples.At, i, TimeSpan.Zero)]);
        }

        Assert.Equal(RunHistory.MostEvents, _history.Events.Count);
        Assert.Equal(RunHistory.MostEvents, _history.EventsLeftOut);
    }

    [Fact]
    public void Times_of_waiting_are_told_apart_by_their_reason()
    {
        foreach (var (second, why) in (ReadOnlySpan<(int, string?)>)[(1, "a"), (2, "a"), (3, "b"), (4, null), (9, "b")])
        {
            _history.Take(Examples.Following with { Elapsed = TimeSpan.FromSeconds(second), Held = why });
        }

        Assert.Equal(
            [
                new HeldTime(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), "a"),
                new HeldTime(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3), "b"),
                new HeldTime(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(9), "b"),
            ],
            _history.Held
        );
    }

    private void Take(int second, TimeSpan lag) =>
        _history.Take(Examples.Following with { Elapsed = TimeSpan.FromSeconds(second), Written = second * 10, Deleted = 0, LagP99 = lag });
}
