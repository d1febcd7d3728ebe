using System.Text;
using CsCheck;
using Keyferry.Queue;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Queue;

public class LaneQueueTests
{
    private static LaneQueue NewQueue(long budget = 1 << 20) => new(budget, 128 * 1024, new FakeTimeProvider());

    private static MarkResult Mark(LaneQueue queue, string key, KeyFlags flags = KeyFlags.Live, int database = 0)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        return queue.Mark(database, bytes, LaneQueue.HashOf(database, bytes), flags);
    }

    private static List<string> Names(KeyBatch batch) =>
        Enumerable.Range(0, batch.Count).Select(i => $"{batch.Items[i].Database}:{Encoding.UTF8.GetString(batch.Key(i))}").ToList();

    private static void Settle(KeyBatch batch, params int[] except)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            batch.Items[i].Settled = !except.Contains(i);
        }
    }

    [Fact]
    public void A_key_waits_once_however_often_it_is_marked()
    {
        var queue = NewQueue();
        for (var i = 0; i < 100_000; i++)
        {
            Assert.Equal(i == 0 ? MarkResult.Added : MarkResult.Known, Mark(queue, "hot"));
        }

        var batch = new KeyBatch();
        Assert.True(queue.TryTake(batch, 512, 512));
        Assert.Equal(["0:hot"], Names(batch));
    }

    [Fact]
    public void A_change_during_the_read_queues_the_key_again()
    {
        var queue = NewQueue();
        Mark(queue, "a");
        var first = new KeyBatch();
        Assert.True(queue.TryTake(first, 512, 512));
        Assert.Equal(MarkResult.Added, Mark(queue, "a"));
        var second = new KeyBatch();
        Assert.True(queue.TryTake(second, 512, 512));
        Assert.Equal(["0:a"], Names(second));
    }

    [Fact]
    public void Changed_keys_go_before_those_of_the_snapshot()
    {
        var queue = NewQueue();
        Assert.True(queue.TryOffer(0, "scanned"u8, LaneQueue.HashOf(0, "scanned"u8)));
        Mark(queue, "changed");
        var batch = new KeyBatch();
        Assert.True(queue.TryTake(batch, 512, 512));
        Assert.Equal(["0:changed", "0:scanned"], Names(batch));
    }

    [Theory]
    [InlineData(512)]
    [InlineData(3)]
    [InlineData(1)]
    public void A_source_that_changes_without_end_does_not_keep_the_snapshot_from_its_end(int most)
    {
        var queue = NewQueue();
        Assert.True(queue.TryOffer(0, "scanned"u8, LaneQueue.HashOf(0, "scanned"u8)));
        var batch = new KeyBatch();
        var taken = 0;
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < 600; i++)
            {
                Mark(queue, $"hot{i}");
            }

            Assert.True(queue.TryTake(batch, most, most));
            taken += Names(batch).Contains("0:scanned") ? 1 : 0;
            Settle(batch);
            queue.Done(batch);
        }

        Assert.Equal(1, taken);
    }

    [Fact]
    public void The_same_name_in_two_databases_is_two_keys()
    {
        var queue = NewQueue();
        Mark(queue, "a", database: 0);
        Mark(queue, "a", database: 3);
        var batch = new KeyBatch();
        Assert.True(queue.TryTake(batch, 512, 512));
        Assert.Equal(["0:a", "3:a"], Names(batch));
    }

    [Fact]
    public void What_does_not_fit_in_the_budget_is_refused_not_dropped()
    {
        var queue = NewQueue(budget: 200_000);
        var results = Enumerable.Range(0, 10_000).Select(i => Mark(queue, $"key:{i:d20}")).ToList();
        Assert.Contains(MarkResult.Full, results);
        Assert.Equal(MarkResult.Known, Mark(queue, $"key:{0:d20}"));
        Assert.True(queue.State().WaitingBytes <= 200_000 + (64 * 1024));
    }

    [Fact]
    public void A_failed_move_comes_back_and_keeps_the_lane_unsettled()
    {
        var queue = NewQueue();
        Mark(queue, "a");
        Mark(queue, "b");
        var mark = queue.Sequence;
        var batch = new KeyBatch();
        Assert.True(queue.TryTake(batch, 512, 512));
        Mark(queue, "c");
        Settle(batch, except: 0);
        queue.Done(batch);
        Assert.True(queue.SettledSequence < mark);
        Assert.True(queue.TryTake(batch, 512, 512));
        Assert.Equal(["0:c", "0:a"], Names(batch));
        Assert.True(queue.SettledSequence < mark);
        Settle(batch);
        queue.Done(batch);
        Assert.Equal(queue.Sequence, queue.SettledSequence);
    }

    [Fact]
    public void A_failed_move_of_a_key_that_waits_again_makes_it_as_old_as_the_failed_one()
    {
        var queue = NewQueue();
        Mark(queue, "a");
        var mark = queue.Sequence;
        var batch = new KeyBatch();
        Assert.True(queue.TryTake(batch, 512, 512));
        Mark(queue, "a");
        queue.Done(batch);
        Assert.True(queue.SettledSequence < mark);
        Assert.True(queue.TryTake(batch, 512, 512));
        Assert.Equal(["0:a"], Names(batch));
        Settle(batch);
        queue.Done(batch);
        Assert.Equal(queue.Sequence, queue.SettledSequence);
    }

    /// <summary>Against a model that is obviously right: a list of distinct keys, and the set of keys that some move still owes.</summary>
    [Fact]
    public void It_behaves_as_a_simple_model_does() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 40], Gen.Int[1, 8], Gen.Int[0, 255])
            .Array[1, 400]
            .Sample(
                steps =>
                {
                    var queue = NewQueue(64L << 20);
                    var waiting = new List<string>();
                    var moving = new System.Collections.Generic.Queue<KeyBatch>();
                    foreach (var (what, key, many, failures) in steps)
                    {
                        if (what <= 2)
                        {
                            var known = waiting.Contains($"0:k{key}");
                            Assert.Equal(known ? MarkResult.Known : MarkResult.Added, Mark(queue, $"k{key}"));
                            if (!known)
                            {
                                waiting.Add($"0:k{key}");
                            }
                        }
                        else if (what == 3)
                        {
                            var batch = new KeyBatch();
                            Assert.Equal(waiting.Count > 0, queue.TryTake(batch, many, many));
                            Assert.Equal(waiting.Take(many), Names(batch));
                            waiting.RemoveRange(0, batch.Count);
                            if (batch.Count > 0)
                            {
                                moving.Enqueue(batch);
                            }
                        }
                        else if (moving.TryDequeue(out var batch))
                        {
                            for (var i = 0; i < batch.Count; i++)
                            {
                                batch.Items[i].Settled = what == 4 || ((failures >> i) & 1) == 0;
                            }

                            waiting.AddRange(Names(batch).Where((name, i) => !batch.Items[i].Settled && !waiting.Contains(name)));
                            queue.Done(batch);
                        }

                        Assert.Equal(waiting.Count == 0 && moving.Count == 0, queue.SettledSequence == queue.Sequence);
                        Assert.Equal(waiting.Count, queue.State().Waiting);
                    }
                },
                iter: 500
            );

    [Fact]
    public async Task Settling_waits_for_what_was_there_and_not_for_what_comes_after()
    {
        var queue = NewQueue();
        Mark(queue, "a");
        var settled = queue.SettleAsync(hurry: false, TestContext.Current.CancellationToken).AsTask();
        var batch = new KeyBatch();
        Assert.True(queue.TryTake(batch, 512, 512));
        Mark(queue, "later");
        Assert.False(settled.IsCompleted);
        Settle(batch);
        queue.Done(batch);
        await settled.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal(1, queue.State().Waiting);
    }

    /// <summary>The figure that the documentation of the memory budget gives.</summary>
    [Theory]
    [InlineData(100_000)]
    [InlineData(300_000)]
    [InlineData(1_000_000)]
    public void A_waiting_key_costs_little_more_than_its_name(int keys)
    {
        var queue = NewQueue(budget: 1L << 30);
        for (var i = 0; i < keys; i++)
        {
            Mark(queue, $"customer:{i:D11}");
        }

        var state = queue.State();
        Assert.Equal(keys, state.Waiting);
        Assert.InRange(state.WaitingBytes / (double)keys - 20, 40, 62);
    }
}
