using Keyferry.Capture;

namespace Keyferry.Tests.Capture;

/// <summary>Up to when a capture has heard everything.</summary>
public sealed class HeardMarkTests
{
    private readonly HeardMark _mark = new();

    [Fact]
    public void Nothing_is_known_before_it_listens()
    {
        Assert.Null(_mark.UpTo);
        _mark.Listens(10);
        Assert.Equal(10, _mark.UpTo);
    }

    [Fact]
    public void A_ping_counts_when_one_sent_after_its_pong_was_answered()
    {
        _mark.Listens(10);
        Ping(1, 20, 25);
        Assert.Equal(10, _mark.UpTo);
        Ping(2, 30, 31);
        Assert.Equal(20, _mark.UpTo);
        Ping(3, 40, 41);
        Assert.Equal(30, _mark.UpTo);
    }

    [Fact]
    public void Pings_under_way_together_prove_no_more_than_one()
    {
        _mark.Listens(10);
        _mark.Asked(1, 20);
        _mark.Asked(2, 22);
        _mark.Answered(1, 25);
        _mark.Answered(2, 26);
        Assert.Equal(10, _mark.UpTo);
        Ping(3, 27, 28);
        Assert.Equal(20, _mark.UpTo);
    }

    [Fact]
    public void What_was_asked_on_a_lost_connection_proves_nothing()
    {
        _mark.Listens(10);
        Ping(1, 20, 21);
        _mark.Asked(2, 30);
        _mark.Listens(50);
        Assert.Equal(10, _mark.UpTo);
        _mark.Answered(2, 55);
        Ping(3, 60, 61);
        Assert.Equal(10, _mark.UpTo);
        Ping(4, 70, 71);
        Assert.Equal(60, _mark.UpTo);
    }

    private void Ping(long token, long sent, long answered)
    {
        _mark.Asked(token, sent);
        _mark.Answered(token, answered);
    }
}
