using Keyferry.Capture;

namespace Keyferry.Tests.Capture;

/// <summary>The order of a rotation: the new one listens, the old one catches up, the old one is closed.</summary>
public sealed class RotatingCaptureTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_old_one_is_closed_only_after_the_new_one_listens_and_it_has_caught_up()
    {
        var story = new List<string>();
        await using var capture = new RotatingCapture(() => new Fake(story), maximumAge: null, TimeProvider.System);
        using var end = new CancellationTokenSource();
        await capture.ArmAsync(Stop);
        var running = capture.RunAsync(end.Token);

        await capture.RotateAsync(Stop);

        Assert.Equal(["1 armed", "1 runs", "2 armed", "2 runs", "1 caught up", "1 ended", "1 closed"], story);
        await capture.CatchUpAsync(Stop);
        Assert.Equal("2 caught up", story[^1]);
        await end.CancelAsync();
        await running;
        Assert.Equal("2 ended", story[^1]);
    }

    [Fact]
    public async Task One_that_cannot_listen_takes_nobodys_place()
    {
        var story = new List<string>();
        await using var capture = new RotatingCapture(
            () => new Fake(story) { Refuses = story.Count > 0 },
            maximumAge: null,
            TimeProvider.System
        );
        using var end = new CancellationTokenSource();
        await capture.ArmAsync(Stop);
        var running = capture.RunAsync(end.Token);

        await Assert.ThrowsAsync<IOException>(async () => await capture.RotateAsync(Stop));

        await capture.CatchUpAsync(Stop);
        Assert.Equal("1 caught up", story[^1]);
        Assert.DoesNotContain("1 ended", story);
        await end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Whoever_waits_for_the_old_one_is_answered_by_the_new_one()
    {
        var story = new List<string>();
        var captures = new List<Fake>();
        await using var capture = new RotatingCapture(Create, maximumAge: null, TimeProvider.System);
        using var end = new CancellationTokenSource();
        await capture.ArmAsync(Stop);
        var running = capture.RunAsync(end.Token);
        captures[0].SilentFor = 1;

        var waiting = capture.CatchUpAsync(Stop).AsTask();
        await capture.RotateAsync(Stop);
        await waiting.WaitAsync(TimeSpan.FromSeconds(10), Stop);

        // The old one has answered the rotation, and nobody else. It may be closed before or after the new one has answered.
        Assert.Equal(["1 caught up", "2 caught up"], story.Where(static line => line.EndsWith("caught up", StringComparison.Ordinal)));
        await end.CancelAsync();
        await running;

        Fake Create()
        {
            captures.Add(new Fake(story));
            return captures[^1];
        }
    }

    [Fact]
    public async Task A_capture_that_fails_for_good_ends_the_whole()
    {
        var story = new List<string>();
        Fake? only = null;
        await using var capture = new RotatingCapture(
            () => only = new Fake(story) { SilentFor = 1 },
            TimeSpan.FromHours(1),
            TimeProvider.System
        );
        using var give = new CancellationTokenSource();
        await capture.ArmAsync(Stop);
        var running = capture.RunAsync(Stop);
        var waiting = capture.CatchUpAsync(give.Token).AsTask();

        only?.Fail();

        await Assert.ThrowsAsync<IOException>(async () => await running.WaitAsync(TimeSpan.FromSeconds(10), Stop));
        // Whoever waits must not take it for the end of his own wish before the failure is told.
        Assert.False(waiting.IsCompleted);
        await give.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private sealed class Fake : ICapture
    {
        private readonly List<string> _story;
        private readonly int _number;
        private readonly TaskCompletionSource _failed = new();

        public Fake(List<string> story)
        {
            _story = story;
            _number = story.Count(static line => line.EndsWith("armed", StringComparison.Ordinal)) + 1;
        }

        public bool Refuses { get; init; }

        /// <summary>So many calls to catch up are never answered.</summary>
        public int SilentFor { get; set; }

        public string Description => "fake";

        public bool Listens => true;

        public long? HeardUpTo => null;

        public void Fail() => _failed.SetException(new IOException("for good"));

        public ValueTask ArmAsync(CancellationToken stop)
        {
            if (Refuses)
            {
                throw new IOException("refused");
            }

            Tell("armed");
            return ValueTask.CompletedTask;
        }

        public async Task RunAsync(CancellationToken stop)
        {
            Tell("runs");
            var ended = new TaskCompletionSource();
            await using var told = stop.Register(ended.SetResult);
            await await Task.WhenAny(ended.Task, _failed.Task);
            Tell("ended");
        }

        public async ValueTask CatchUpAsync(CancellationToken stop)
        {
            if (SilentFor-- > 0)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            }

            Tell("caught up");
        }

        public Task SeesAsync(byte[] probe, CancellationToken stop) => Task.CompletedTask;

        public ValueTask DisposeAsync()
        {
            Tell("closed");
            return ValueTask.CompletedTask;
        }

        private void Tell(string what)
        {
            lock (_story)
            {
                _story.Add($"{_number} {what}");
            }
        }
    }
}
