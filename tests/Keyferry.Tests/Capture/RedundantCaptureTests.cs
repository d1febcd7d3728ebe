using Keyferry.Capture;
using Keyferry.Queue;

namespace Keyferry.Tests.Capture;

public sealed class RedundantCaptureTests
{
    [Fact]
    public async Task Losing_one_is_no_gap()
    {
        await using var pair = await Pair.StartAsync();

        pair.First.Lose();
        pair.First.Return();
        await pair.Whole.CatchUpAsync(TestContext.Current.CancellationToken);

        Assert.Empty(pair.Gaps);
    }

    [Fact]
    public async Task Losing_one_while_the_other_is_away_is_a_gap_until_each_listens_again()
    {
        await using var pair = await Pair.StartAsync();

        pair.First.Lose();
        pair.Second.Lose();
        Assert.Single(pair.Gaps);
        pair.First.Return();
        Assert.Equal(2, pair.Gaps.Count);
        pair.Second.Return();

        Assert.Equal(3, pair.Gaps.Count);
    }

    /// <summary>What happened while the first was away is still on its way to the second, and the first has never heard of it.</summary>
    [Fact]
    public async Task Losing_the_other_before_it_has_caught_up_with_the_absence_is_a_gap()
    {
        await using var pair = await Pair.StartAsync();
        pair.Second.Answers = false;

        pair.First.Lose();
        pair.First.Return();
        pair.Second.Lose();

        Assert.Single(pair.Gaps);
        pair.Second.Return();
        await pair.Whole.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Single(pair.Gaps);
    }

    [Fact]
    public async Task One_that_has_just_come_back_cannot_vouch_for_the_time_before()
    {
        await using var pair = await Pair.StartAsync();
        pair.Second.Answers = false;
        pair.First.Lose();
        pair.First.Return();

        var caughtUp = pair.Whole.CatchUpAsync(TestContext.Current.CancellationToken).AsTask();
        await Task.WhenAny(caughtUp, Task.Delay(100, TestContext.Current.CancellationToken));
        Assert.False(caughtUp.IsCompleted);

        pair.Second.Answers = true;
        await caughtUp.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Empty(pair.Gaps);
    }

    [Fact]
    public async Task After_each_has_caught_up_either_may_be_lost_in_turn()
    {
        await using var pair = await Pair.StartAsync();
        for (var round = 0; round < 5; round++)
        {
            foreach (var half in new[] { pair.First, pair.Second })
            {
                half.Lose();
                await pair.Whole.CatchUpAsync(TestContext.Current.CancellationToken);
                half.Return();
                await pair.Whole.CatchUpAsync(TestContext.Current.CancellationToken);
            }
        }

        Assert.Empty(pair.Gaps);
    }

    /// <summary>The source refuses the connection that takes the place of a lost one.</summary>
    [Fact]
    public async Task One_that_fails_for_good_ends_the_whole()
    {
        var pair = await Pair.StartAsync();

        pair.First.Lose();
        pair.First.Failure.SetException(new InvalidOperationException("refused"));

        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            pair.Running.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)
        );
        await pair.Whole.DisposeAsync();
    }

    private sealed class Pair : IChangeSink, IAsyncDisposable
    {
        private readonly List<Listener> _made = [];
        private readonly CancellationTokenSource _stop = new();

        private Pair() =>
            Whole = new RedundantCapture(
                into =>
                {
                    _made.Add(new Listener(into));
                    return _made[^1];
                },
                this
            );

        public RedundantCapture Whole { get; }

        public Task Running { get; private set; } = Task.CompletedTask;

        public Listener First => _made[0];

        public Listener Second => _made[1];

        public List<string> Gaps { get; } = [];

        public static async Task<Pair> StartAsync()
        {
            var pair = new Pair();
            await pair.Whole.ArmAsync(pair._stop.Token);
            pair.Running = pair.Whole.RunAsync(pair._stop.Token);
            return pair;
        }

        public void Changed(int database, ReadOnlySpan<byte> key) => throw new InvalidOperationException();

        public void Expired(int database, ReadOnlySpan<byte> key) => throw new InvalidOperationException();

        public void AllChanged(string reason) => throw new InvalidOperationException();

        public void MayHaveMissed(string reason, long? since = null, GapCause? cause = null, bool lasts = false) => Gaps.Add(reason);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Running;
            await Whole.DisposeAsync();
            _stop.Dispose();
        }
    }

    /// <summary>A capture that is lost and comes back when the test says so.</summary>
    private sealed class Listener(IChangeSink sink) : ICapture
    {
        private readonly Pulse _changed = new();
        private bool _answers = true;
        private bool _away;

        /// <summary>What ends it for good.</summary>
        public TaskCompletionSource Failure { get; } = new();

        /// <summary>Whether the server answers; while it does not, everything it has to say is still on its way.</summary>
        public bool Answers
        {
            get => Volatile.Read(ref _answers);
            set
            {
                Interlocked.Exchange(ref _answers, value);
                _changed.Set();
            }
        }

        public string Description => "a test's";

        public bool Listens => true;

        public long? HeardUpTo => null;

        public void Lose()
        {
            Interlocked.Exchange(ref _away, true);
            sink.MayHaveMissed("lost");
        }

        public void Return()
        {
            sink.MayHaveMissed("lost");
            Interlocked.Exchange(ref _away, false);
            Answers = true;
        }

        public ValueTask ArmAsync(CancellationToken stop) => ValueTask.CompletedTask;

        public async Task RunAsync(CancellationToken stop)
        {
            try
            {
                await Failure.Task.WaitAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        public async ValueTask CatchUpAsync(CancellationToken stop)
        {
            while (true)
            {
                var changed = _changed.Next();
                if (Answers && !Volatile.Read(ref _away))
                {
                    return;
                }

                await changed.WaitAsync(stop);
            }
        }

        public Task SeesAsync(byte[] probe, CancellationToken stop) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
