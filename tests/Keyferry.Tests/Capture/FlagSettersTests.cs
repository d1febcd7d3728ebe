using Keyferry.Capture;
using Keyferry.Notifications;
using Keyferry.Resp;

namespace Keyferry.Tests.Capture;

/// <summary>Whether others may have set flags between two looks, by a server's counts and by our own.</summary>
public sealed class FlagSettersTests
{
    private readonly FlagSetters _setters = new();
    private long _now;

    [Theory]
    [InlineData("config")]
    [InlineData("config|set")]
    public void What_we_call_ourselves_is_no_gap(string name)
    {
        Assert.Null(Look(new Seen(10, 4) { Name = name }));
        Assert.Null(Look(new Seen(13, 7) { Name = name }));
        Assert.Null(_setters.Doubt);
    }

    [Fact]
    public void Whoever_sets_flags_is_a_gap_each_time()
    {
        _ = Look(new Seen(0, 0) { Name = "config|set" });
        for (var i = 1; i <= 10; i++)
        {
            Assert.StartsWith("CONFIG SET ran", Look(new Seen(i, 0) { Name = "config|set" })?.Reason, StringComparison.Ordinal);
            Assert.Null(Look(new Seen(i, 0) { Name = "config|set" }));
        }

        Assert.Null(_setters.Doubt);
    }

    [Fact]
    public void Whoever_may_be_reading_is_a_gap_a_few_times_and_then_a_doubt()
    {
        _ = Look(new Seen(0, 0));
        for (var i = 1; i <= FlagSetters.MostGaps; i++)
        {
            Assert.NotNull(Look(new Seen(i, 0)));
            Assert.Null(_setters.Doubt);
        }

        Assert.Null(Look(new Seen(10, 0)));
        Assert.StartsWith("others ran CONFIG 10 times", _setters.Doubt, StringComparison.Ordinal);
        Assert.Null(Look(new Seen(12, 2)));
        Assert.StartsWith("others ran CONFIG 10 times", _setters.Doubt, StringComparison.Ordinal);
    }

    /// <summary>What such a look has seen is judged by the next, and the gap reaches back behind both.</summary>
    [Fact]
    public void A_look_with_calls_of_ours_under_way_judges_nothing()
    {
        _ = Look(new Seen(0, 0));
        _ = Look(new Seen(0, 0));
        Assert.Null(Look(new Seen(2, 0) { IsExact = false }));
        Assert.Contains("under way", _setters.Doubt, StringComparison.Ordinal);

        Assert.Equal(1, Look(new Seen(3, 2))?.Since);
        Assert.Null(_setters.Doubt);
    }

    [Fact]
    public void Counts_that_fell_are_a_gap_unless_they_are_one_already()
    {
        _ = Look(new Seen(20, 0));
        Assert.NotNull(Look(new Seen(1, 0)));
        _ = Look(new Seen(20, 0));
        Assert.Null(Look(new Seen(1, 0) { WereReset = true }));
        Assert.Null(Look(new Seen(1, 0)));
    }

    [Fact]
    public void An_older_answer_tells_nothing_new()
    {
        _ = Look(new Seen(5, 3));
        Assert.Null(Look(new Seen(4, 3) { Overlaps = true }));
        Assert.Null(Look(new Seen(5, 3)));
    }

    [Fact]
    public void Counts_of_another_process_are_not_compared()
    {
        _ = Look(new Seen(5, 3));
        _setters.Restarted();
        Assert.Null(Look(new Seen(3, 3)));
        Assert.Null(_setters.Doubt);
    }

    [Fact]
    public void What_happened_before_a_source_counted_stays_in_doubt()
    {
        _ = Look(new Seen(null, 0));
        _ = Look(new Seen(5, 0));
        Assert.Equal("it does not count who sets them", _setters.Doubt);
    }

    [Fact]
    public void A_source_that_counts_again_is_compared_with_what_it_counted()
    {
        _ = Look(new Seen(5, 0));
        _ = Look(new Seen(null, 0));
        Assert.NotNull(_setters.Doubt);
        Assert.NotNull(Look(new Seen(6, 0)));
        Assert.Null(_setters.Doubt);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Where_nobody_may_use_CONFIG_it_tells_nothing_of_flags(bool othersMay, bool isGap)
    {
        var unread = othersMay ? FlagObstacle.NotPermitted : FlagObstacle.NoConfigCommand;
        _ = Look(new Seen(0, 0) { Unread = unread });
        Assert.Equal(isGap, Look(new Seen(1, 0) { Unread = unread }) is not null);
        Assert.Equal(!isGap, _setters.Doubt is not null);
    }

    /// <summary>A refused call may be in no count, and one that was not answered may still be counted later.</summary>
    [Fact]
    public async Task Only_what_a_server_has_certainly_counted_is_ours()
    {
        var calls = new OwnCalls("CONFIG");
        RespArgument[] set = ["CONFIG", "SET", "a", "b"];
        Assert.True(calls.Covers(set));
        Assert.False(calls.Covers(["INFO"]));
        _ = await calls.CountAsync("a", 1, set, () => new(RespValue.Of("+OK\r\n"u8)));
        _ = await calls.CountAsync("a", 1, set, () => new(RespValue.Of("-NOPERM no\r\n"u8)));
        await Assert.ThrowsAsync<IOException>(async () => await calls.CountAsync("a", 1, set, static () => throw new IOException("lost")));
        _ = await calls.CountAsync("b", 1, set, () => new(RespValue.Of("+OK\r\n"u8)));

        Assert.Equal(new OwnCalls.Moment(3, 3, 1), calls.Now("a", 1, "config"));
        Assert.Equal(new OwnCalls.Moment(3, 3, 1), calls.Now("a", 1, "config|set"));
        Assert.Equal(new OwnCalls.Moment(3, 3, 0), calls.Now("a", 1, "config|get"));
    }

    [Fact]
    public async Task A_call_under_way_at_any_time_of_a_look_makes_it_inexact()
    {
        var calls = new OwnCalls("CONFIG");
        var answer = new TaskCompletionSource<RespValue>();
        var before = calls.Now("a", 1, "config");
        Assert.True(before.WasQuietUntil(calls.Now("a", 1, "config")));

        var call = calls.CountAsync("a", 1, ["CONFIG", "GET", "x"], () => new(answer.Task));
        Assert.False(before.WasQuietUntil(calls.Now("a", 1, "config")));
        var during = calls.Now("a", 1, "config");
        answer.SetResult(RespValue.Of("+OK\r\n"u8));
        _ = await call;

        Assert.False(during.WasQuietUntil(calls.Now("a", 1, "config")));
        Assert.False(before.WasQuietUntil(calls.Now("a", 1, "config")));
        var after = calls.Now("a", 1, "config");
        Assert.True(after.WasQuietUntil(calls.Now("a", 1, "config")));
    }

    private (string Reason, long? Since)? Look(Seen seen) =>
        _setters.Look(
            new SetterLook(seen.Name, seen.Count, seen.Ours)
            {
                IsExact = seen.IsExact,
                Unread = seen.Unread,
                WereReset = seen.WereReset,
                Overlaps = seen.Overlaps,
            },
            _now++
        );

    private sealed record Seen(long? Count, long Ours)
    {
        public string Name { get; init; } = "config";

        public bool IsExact { get; init; } = true;

        public FlagObstacle? Unread { get; init; }

        public bool WereReset { get; init; }

        public bool Overlaps { get; init; }
    }
}
