using Keyferry.Capture;

namespace Keyferry.Tests.Capture;

/// <summary>Captures that come and go with the primaries of a cluster.</summary>
public sealed class ShardedCaptureTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_that_is_taken_out_is_disposed_of_only_when_nobody_asks_it_any_more()
    {
        await using var capture = ShardedCapture.Empty();
        var part = new Slow();
        capture.Add("a", part, static _ => Task.CompletedTask);
        using var end = new CancellationTokenSource();
        var running = capture.RunAsync(end.Token);

        var asking = capture.CatchUpAsync(Stop).AsTask();
        await part.Asked.Task.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        var removing = capture.RemoveAsync("a").AsTask();
        await part.Ended.Task.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        Assert.False(part.IsDisposed);
        Assert.False(removing.IsCompleted);

        part.Answer.SetResult();
        await asking.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        await removing.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        Assert.True(part.IsDisposed);
        await end.CancelAsync();
        await running;
    }

    /// <summary>One that cannot leave what it is doing at once.</summary>
    private sealed class Slow : ICapture
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Ended { get; } = new();

        public bool IsDisposed { get; private set; }

        public string Description => "slow";

        public bool Listens => true;

        public long? HeardUpTo => null;

        public ValueTask ArmAsync(CancellationToken stop) => ValueTask.CompletedTask;

        public async Task RunAsync(CancellationToken stop)
        {
            var ended = new TaskCompletionSource();
            await using var told = stop.Register(ended.SetResult);
            await ended.Task;
            Ended.SetResult();
        }

        public async ValueTask CatchUpAsync(CancellationToken stop)
        {
            Asked.SetResult();
            await Answer.Task;
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            stop.ThrowIfCancellationRequested();
        }

        public Task SeesAsync(byte[] probe, CancellationToken stop) => Task.CompletedTask;

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
