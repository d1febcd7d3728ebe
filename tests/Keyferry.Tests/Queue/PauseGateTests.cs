using Keyferry.Queue;

namespace Keyferry.Tests.Queue;

public sealed class PauseGateTests
{
    private readonly PauseGate _gate = new();

    [Fact]
    public async Task An_open_gate_lets_pass_at_once()
    {
        Assert.False(_gate.IsClosed);
        await _gate.PassAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_gate_closed_for_two_reasons_opens_when_both_are_taken_back()
    {
        Assert.True(_gate.Close("one"));
        Assert.False(_gate.Close("one"));
        Assert.True(_gate.Close("two"));
        var passed = _gate.PassAsync(TestContext.Current.CancellationToken).AsTask();

        Assert.True(_gate.Open("two"));
        Assert.Equal("one", _gate.Reason);
        Assert.False(passed.IsCompleted);

        Assert.True(_gate.Open("one"));
        Assert.False(_gate.Open("one"));
        await passed;
    }
}
