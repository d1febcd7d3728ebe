using System.Runtime.InteropServices;
using Keyferry.Cli.Input;

namespace Keyferry.Cli.Tests.Input;

public sealed class RunSignalsTests : IDisposable
{
    private readonly RunSignals _signals = new();

    public void Dispose() => _signals.Dispose();

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGHUP)]
    public void The_first_signal_asks_to_finish(PosixSignal signal)
    {
        _signals.Take(signal);
        Assert.True(_signals.Finish.IsCancellationRequested);
        Assert.False(_signals.Abort.IsCancellationRequested);
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public void An_interrupt_after_another_signal_aborts(PosixSignal first)
    {
        _signals.Take(first);
        _signals.Take(PosixSignal.SIGINT);
        Assert.True(_signals.Abort.IsCancellationRequested);
    }

    [Fact]
    public void A_run_that_ends_at_once_may_dispose_of_its_signals_while_one_is_taken()
    {
        using var ended = _signals.Abort.Register(_signals.Dispose);
        _signals.Take(PosixSignal.SIGINT);
        _signals.Take(PosixSignal.SIGINT);
        _signals.Take(PosixSignal.SIGINT);
    }

    [Fact]
    public void Supervisors_may_repeat_their_signal()
    {
        _signals.Take(PosixSignal.SIGTERM);
        _signals.Take(PosixSignal.SIGTERM);
        Assert.False(_signals.Abort.IsCancellationRequested);
    }
}
