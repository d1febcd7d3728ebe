using System.Threading.Channels;
using Keyferry.Simulation.Scheduling;

namespace Keyferry.Simulation.Tests;

public sealed class SchedulerTests
{
    [Fact]
    public void The_same_seed_replays_the_same_order()
    {
        for (var seed = 0UL; seed < 20; seed++)
        {
            Assert.Equal(Interleave(seed), Interleave(seed));
        }
    }

    [Fact]
    public void Different_seeds_give_different_orders() =>
        Assert.True(Enumerable.Range(0, 20).Select(seed => Interleave((ulong)seed).Order).Distinct(StringComparer.Ordinal).Count() > 10);

    [Fact]
    public void Time_jumps_to_the_next_timer_and_stands_still_otherwise()
    {
        var scheduler = new DeterministicScheduler(1);
        var seen = new List<TimeSpan>();
        scheduler.Run(async () =>
        {
            var slow = Task.Delay(TimeSpan.FromHours(1), scheduler.Time);
            await Task.Delay(TimeSpan.FromSeconds(5), scheduler.Time);
            seen.Add(scheduler.Time.Elapsed);
            await Task.Yield();
            seen.Add(scheduler.Time.Elapsed);
            await slow;
            seen.Add(scheduler.Time.Elapsed);
        });
        Assert.Equal([TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5), TimeSpan.FromHours(1)], seen);
    }

    [Fact]
    public void A_hang_fails_and_names_the_method_that_waits()
    {
        var scheduler = new DeterministicScheduler(1);
        var failed = Assert.Throws<SimulationFailedException>(() => scheduler.Run(WaitsForEver));
        Assert.Contains("nothing can run", failed.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(WaitsInside), failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_without_end_uses_up_its_budget()
    {
        var scheduler = new DeterministicScheduler(1, new SchedulerBudget { VirtualTime = TimeSpan.FromMinutes(1) });
        var failed = Assert.Throws<SimulationFailedException>(() =>
            scheduler.Run(async () =>
            {
                while (true)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), scheduler.Time);
                }
            })
        );
        Assert.Contains("virtual time", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Work_on_the_thread_pool_is_noticed()
    {
        var scheduler = new DeterministicScheduler(1);
        var failed = Assert.Throws<SimulationFailedException>(() =>
            scheduler.Run(async () =>
            {
                using var stop = new CancellationTokenSource();
                using var told = stop.Token.Register(static () => { });
                await stop.CancelAsync();
            })
        );
        Assert.Contains("left the deterministic scheduler", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Channels_delays_and_cancellation_stay_inside()
    {
        var scheduler = new DeterministicScheduler(3);
        var sum = 0;
        scheduler.Run(async () =>
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(10), scheduler.Time);
            var channel = Channel.CreateBounded<int>(2);
            var writing = WriteAsync(channel.Writer, scheduler.Time, stop.Token);
            try
            {
                while (await channel.Reader.WaitToReadAsync(stop.Token))
                {
                    sum += await channel.Reader.ReadAsync(stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                sum += 1000;
            }

            await Task.WhenAny(writing, Task.Delay(TimeSpan.FromSeconds(1), scheduler.Time));
        });
        Assert.Equal(1000 + Enumerable.Range(0, 10).Sum(), sum);
    }

    [Fact]
    public void A_failure_of_the_program_comes_out()
    {
        var scheduler = new DeterministicScheduler(1);
        _ = Assert.Throws<InvalidDataException>(() =>
            scheduler.Run(async () =>
            {
                await Task.Yield();
                throw new InvalidDataException("told");
            })
        );
    }

    private static async Task WriteAsync(ChannelWriter<int> writer, TimeProvider time, CancellationToken stop)
    {
        for (var i = 0; i < 10; i++)
        {
            await writer.WriteAsync(i, stop);
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, stop);
        }
    }

    private static async Task WaitsForEver() => await Task.WhenAny(WaitsInside(), new TaskCompletionSource().Task);

    private static async Task WaitsInside() => await new TaskCompletionSource().Task;

    private static (string Order, ulong Trace) Interleave(ulong seed)
    {
        var scheduler = new DeterministicScheduler(seed);
        var order = new List<int>();
        scheduler.Run(async () =>
        {
            var tasks = Enumerable
                .Range(0, 5)
                .Select(async number =>
                {
                    for (var turn = 0; turn < 5; turn++)
                    {
                        order.Add(number);
                        await Task.Yield();
                    }
                });
            await Task.WhenAll(tasks);
        });
        return (string.Join(',', order), scheduler.Trace.Value);
    }
}
