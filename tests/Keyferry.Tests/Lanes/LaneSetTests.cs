using System.Text;
using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Queue;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Lanes;

public sealed class LaneSetTests
{
    [Fact]
    public async Task A_rescan_takes_no_memory_from_the_live_changes()
    {
        var time = new FakeTimeProvider();
        var gaps = new GapLedger(time);
        var lanes = new LaneSet(1, dirtyBudget: 256 * 1024, DatabaseScope.All, gaps, time);
        using var stop = new CancellationTokenSource();
        var rescan = LookAtAllAsync(lanes, stop.Token);
        Assert.False(rescan.IsCompleted);

        for (var i = 0; i < 1000; i++)
        {
            lanes.Changed(0, Encoding.UTF8.GetBytes($"live:{i}"));
        }

        Assert.Equal(0, gaps.Total);
        var batch = new KeyBatch();
        Assert.True(lanes.Queues[0].TryTake(batch, 512, 512));
        Assert.Equal("live:0", Encoding.UTF8.GetString(batch.Key(0)));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rescan);
    }

    /// <summary>Many keys may expire at once, and the target removes them by itself; a change that finds no room is a loss.</summary>
    [Fact]
    public void An_expiry_that_finds_no_room_is_no_gap()
    {
        var time = new FakeTimeProvider();
        var gaps = new GapLedger(time);
        var lanes = new LaneSet(1, dirtyBudget: 1024, DatabaseScope.All, gaps, time);
        for (var i = 0; i < 1000; i++)
        {
            lanes.Expired(0, Encoding.UTF8.GetBytes($"key:{i}"));
        }

        Assert.Equal(0, gaps.Open);
        lanes.Changed(0, "another"u8);
        Assert.Equal(1, gaps.Open);
    }

    /// <summary>A target without expiries removes nothing by itself.</summary>
    [Fact]
    public void An_expiry_that_finds_no_room_is_a_gap_where_expiries_are_dropped()
    {
        var time = new FakeTimeProvider();
        var gaps = new GapLedger(time);
        var lanes = new LaneSet(1, dirtyBudget: 1024, new DatabaseScope(null, KeyNames.All) { Expiry = ExpiryPolicy.Drop }, gaps, time);
        for (var i = 0; i < 1000; i++)
        {
            lanes.Expired(0, Encoding.UTF8.GetBytes($"key:{i}"));
        }

        Assert.Equal(1, gaps.Open);
    }

    /// <summary>Marked by a capture, by a verify, or offered by a pass over the source: the same key waits in the same lane.</summary>
    [Fact]
    public async Task A_key_takes_the_same_lane_whoever_asks_for_it()
    {
        var time = new FakeTimeProvider();
        var lanes = new LaneSet(4, dirtyBudget: 4 << 20, DatabaseScope.All, new GapLedger(time), time);
        var batch = new KeyBatch();
        HashSet<int> used = [];
        for (var i = 0; i < 100; i++)
        {
            var key = Encoding.UTF8.GetBytes($"key:{i}");
            var id = new KeyId(i % 3, new KeyName(key));
            List<int> took = [];
            foreach (var ask in (Func<ValueTask>[])[Change, Expire, LookAgain, () => lanes.LookAsync(id, CancellationToken.None), Offer])
            {
                await ask();
                took.Add(lanes.Queues.Index().Single(lane => lane.Item.TryTake(batch, 512, 512)).Index);
            }

            used.Add(Assert.Single(took.Distinct()));

            ValueTask Change()
            {
                lanes.Changed(id.Database, key);
                return ValueTask.CompletedTask;
            }

            ValueTask Expire()
            {
                lanes.Expired(id.Database, key);
                return ValueTask.CompletedTask;
            }

            ValueTask LookAgain()
            {
                lanes.LookAgain(id);
                return ValueTask.CompletedTask;
            }

            ValueTask Offer()
            {
                Assert.True(lanes.TryOffer(id.Database, key, out _));
                return ValueTask.CompletedTask;
            }
        }

        Assert.Equal(4, used.Count);
    }

    private static async Task LookAtAllAsync(LaneSet lanes, CancellationToken stop)
    {
        for (var i = 0; i < 100_000; i++)
        {
            await lanes.LookAsync(new KeyId(0, new KeyName(Encoding.UTF8.GetBytes($"rescanned:{i}"))), stop);
        }
    }
}
