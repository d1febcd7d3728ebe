using Keyferry.Capture;
using Keyferry.Queue;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Capture;

public sealed class PollingCaptureTests : IChangeSink
{
    private readonly FakeTimeProvider _time = new();
    private int _passes;

    [Fact]
    public void A_pass_is_due_an_interval_after_the_one_before_has_ended()
    {
        var capture = new PollingCapture(TimeSpan.FromSeconds(10), this, _time);
        capture.AskIfDue();
        Assert.Equal(0, _passes);

        _time.Advance(TimeSpan.FromSeconds(10));
        capture.AskIfDue();
        Assert.Equal(1, _passes);

        _time.Advance(TimeSpan.FromSeconds(5));
        capture.Passed();
        _time.Advance(TimeSpan.FromSeconds(9));
        capture.AskIfDue();
        Assert.Equal(1, _passes);

        _time.Advance(TimeSpan.FromSeconds(1));
        capture.AskIfDue();
        Assert.Equal(2, _passes);
    }

    [Fact]
    public async Task Whoever_must_be_sure_asks_for_a_pass_at_once()
    {
        var capture = new PollingCapture(TimeSpan.FromHours(1), this, _time);

        await capture.CatchUpAsync(TestContext.Current.CancellationToken);
        await capture.CatchUpAsync(TestContext.Current.CancellationToken);

        Assert.Equal((2, false, null), (_passes, capture.Listens, capture.HeardUpTo));
    }

    void IChangeSink.Changed(int database, ReadOnlySpan<byte> key) => throw new InvalidOperationException("it hears nothing");

    void IChangeSink.Expired(int database, ReadOnlySpan<byte> key) => throw new InvalidOperationException("it hears nothing");

    void IChangeSink.AllChanged(string reason) => throw new InvalidOperationException("it hears nothing");

    void IChangeSink.MayHaveMissed(string reason, long? since, GapCause? cause, bool lasts) => _passes++;
}
