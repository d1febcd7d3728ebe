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

    private static async Task LookAtAllAsync(LaneSet lanes, CancellationToken stop)
    {
        for (var i = 0; i < 100_000; i++)
        {
            await lanes.LookAsync(new KeyId(0, new KeyName(Encoding.UTF8.GetBytes($"rescanned:{i}"))), stop);
        }
    }
}
