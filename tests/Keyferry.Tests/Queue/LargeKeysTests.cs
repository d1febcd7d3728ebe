using System.Text;
using CsCheck;
using Keyferry.Queue;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Queue;

public class LargeKeysTests
{
    private const int Large = LargeKeys.LargePayload;

    private readonly FakeTimeProvider _time = new();
    private readonly KeyBatch _batch = new();
    private readonly LaneQueue _queue;

    public LargeKeysTests() => _queue = new LaneQueue(1 << 20, 128 * 1024, _time);

    private MarkResult Mark(string key)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        return _queue.Mark(0, bytes, LaneQueue.HashOf(0, bytes), KeyFlags.Live);
    }

    private List<string> Take() =>
        _queue.TryTake(_batch, 512, 512)
            ? Enumerable.Range(0, _batch.Count).Select(i => Encoding.UTF8.GetString(_batch.Key(i))).ToList()
            : [];

    private void Finish(int payload, bool settled = true)
    {
        for (var i = 0; i < _batch.Count; i++)
        {
            _batch.Items[i].PayloadBytes = payload;
            _batch.Items[i].Settled = settled;
        }

        _queue.Done(_batch);
    }

    /// <summary>After it, the key is known to be large, and rests for two seconds.</summary>
    private void MoveLarge(string key)
    {
        Mark(key);
        Assert.Contains(key, Take());
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Finish(Large);
    }

    [Fact]
    public void A_large_key_that_changes_all_the_time_rests_while_small_ones_pass()
    {
        MoveLarge("big");
        var moves = 0;
        for (var step = 0; step < 1000; step++)
        {
            Mark("big");
            Mark("small");
            _time.Advance(TimeSpan.FromMilliseconds(10));
            if (Take() is ["big"])
            {
                moves++;
                _time.Advance(TimeSpan.FromMilliseconds(100));
                Finish(Large);
                Assert.Equal(["small"], Take());
            }

            Finish(100);
        }

        // Ten seconds and a little, and twenty times 100 ms of rest after each move.
        Assert.InRange(moves, 4, 5);
    }

    [Fact]
    public void A_resting_key_is_marked_once_and_comes_when_its_rest_is_over()
    {
        MoveLarge("big");
        Assert.Equal(MarkResult.Added, Mark("big"));
        Assert.Empty(Take());
        Assert.Equal(MarkResult.Known, Mark("big"));
        Assert.Equal(1, _queue.State().Waiting);
        _time.Advance(TimeSpan.FromMilliseconds(1990));
        Assert.Empty(Take());
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(["big"], Take());
        Assert.Empty(Take());
    }

    [Fact]
    public void The_age_of_a_resting_change_counts()
    {
        MoveLarge("big");
        Mark("big");
        Assert.Empty(Take());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(1), _queue.State().OldestWaiting);
    }

    [Fact]
    public void Nothing_is_settled_while_a_marked_key_rests()
    {
        MoveLarge("big");
        Mark("big");
        Mark("small");
        Assert.Equal(["small"], Take());
        Finish(100);
        Assert.NotEqual(_queue.Sequence, _queue.SettledSequence);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["big"], Take());
        Assert.NotEqual(_queue.Sequence, _queue.SettledSequence);
        Finish(Large);
        Assert.Equal(_queue.Sequence, _queue.SettledSequence);
    }

    [Fact]
    public async Task Who_cannot_wait_ends_the_rest()
    {
        var stop = TestContext.Current.CancellationToken;
        MoveLarge("big");
        Mark("big");
        Assert.Empty(Take());
        var settled = _queue.SettleAsync(hurry: true, stop).AsTask();
        Assert.Equal(["big"], Take());
        Finish(Large);
        await settled.WaitAsync(TimeSpan.FromSeconds(5), stop);
        // Changes after that rest again.
        Mark("big");
        Assert.Empty(Take());
    }

    [Fact]
    public async Task The_lane_wakes_when_a_rest_is_over()
    {
        var stop = TestContext.Current.CancellationToken;
        MoveLarge("big");
        Mark("big");
        Assert.Empty(Take());
        var waiting = _queue.WaitForWorkAsync(stop).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        await waiting.WaitAsync(TimeSpan.FromSeconds(5), stop);
        Assert.Equal(["big"], Take());
    }

    [Fact]
    public void A_failed_move_leaves_the_key_waiting_with_its_old_place()
    {
        MoveLarge("big");
        Mark("big");
        Assert.Empty(Take());
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["big"], Take());
        Mark("big");
        Assert.False(_queue.TryTake(new KeyBatch(), 512, 512));
        Finish(Large, settled: false);
        Assert.Equal(1, _queue.State().Waiting);
        Assert.NotEqual(_queue.Sequence, _queue.SettledSequence);
        Assert.Equal(["big"], Take());
        Finish(Large);
        Assert.Equal(_queue.Sequence, _queue.SettledSequence);
    }

    [Fact]
    public void A_key_that_has_become_small_goes_the_usual_way()
    {
        MoveLarge("big");
        Mark("big");
        Assert.Empty(Take());
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["big"], Take());
        Finish(100);
        Mark("big");
        Mark("small");
        Assert.Equal(["big", "small"], Take());
    }

    [Fact]
    public void Many_large_keys_together_leave_half_of_the_lane_to_the_others()
    {
        for (var i = 0; i < 100; i++)
        {
            Mark($"big{i}");
        }

        Assert.Equal(100, Take().Count);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Finish(Large);
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 100; i++)
        {
            Mark($"big{i}");
        }

        var (large, small) = (0, 0);
        while (large < 100)
        {
            Mark("small");
            var taken = Take();
            _time.Advance(TimeSpan.FromMilliseconds(10));
            (large, small) = taken is ["small"] ? (large, small + 1) : (large + 1, small);
            Finish(taken is ["small"] ? 100 : Large);
        }

        Assert.InRange(small, 98, 102);
    }

    /// <summary>Whatever is large and whatever fails: each mark is followed by a look, and the lane never counts as settled before.</summary>
    [Fact]
    public void No_mark_is_lost_whatever_rests() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5], Gen.Bool, Gen.Bool)
            .Array[1, 200]
            .Sample(
                steps =>
                {
                    var time = new FakeTimeProvider();
                    var queue = new LaneQueue(1 << 20, 128 * 1024, time);
                    var waiting = new HashSet<string>();
                    foreach (var (action, key, large, settled) in steps)
                    {
                        var name = Encoding.UTF8.GetBytes($"k{key}");
                        if (action < 3)
                        {
                            queue.Mark(0, name, LaneQueue.HashOf(0, name), KeyFlags.Live);
                            waiting.Add($"k{key}");
                        }
                        else
                        {
                            time.Advance(TimeSpan.FromMilliseconds(key * 7));
                            TakeAndFinish(queue, time, waiting, large, settled);
                        }

                        Assert.Equal(waiting.Count, queue.State().Waiting);
                        Assert.Equal(waiting.Count == 0, queue.Sequence == queue.SettledSequence);
                    }

                    for (var i = 0; i < 100 && waiting.Count > 0; i++)
                    {
                        time.Advance(TimeSpan.FromMinutes(2));
                        TakeAndFinish(queue, time, waiting, large: true, settled: true);
                    }

                    Assert.Empty(waiting);
                    Assert.Equal(queue.Sequence, queue.SettledSequence);
                },
                iter: 500
            );

    private static void TakeAndFinish(LaneQueue queue, FakeTimeProvider time, HashSet<string> waiting, bool large, bool settled)
    {
        var batch = new KeyBatch();
        if (!queue.TryTake(batch, 3, 3))
        {
            return;
        }

        time.Advance(TimeSpan.FromMilliseconds(3));
        for (var i = 0; i < batch.Count; i++)
        {
            Assert.Contains(Encoding.UTF8.GetString(batch.Key(i)), waiting);
            batch.Items[i].PayloadBytes = large ? Large : 10;
            batch.Items[i].Settled = settled || i % 2 == 0;
            if (batch.Items[i].Settled)
            {
                waiting.Remove(Encoding.UTF8.GetString(batch.Key(i)));
            }
        }

        queue.Done(batch);
    }
}
