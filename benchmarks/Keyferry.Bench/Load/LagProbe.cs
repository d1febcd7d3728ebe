using System.Diagnostics;
using Keyferry.Bench.Running;
using StackExchange.Redis;

namespace Keyferry.Bench.Load;

/// <summary>
/// The lag as an application would see it: writes a rising number to one key of the source every 20 ms, reads the same key on the target again and again,
/// and takes the time from sending a number to seeing it, or a later one, there. It shares nothing with what it measures.
/// </summary>
/// <remarks>The resolution is that of its reading, 1 to 2 ms.</remarks>
internal sealed class LagProbe(Server source, Server target)
{
    private const string Key = "keyferry-bench:probe";
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(1);

    private readonly Queue<(long Number, long Sent)> _unseen = new();
    private readonly List<(long Sent, double Milliseconds)> _seen = [];
    private readonly Lock _lock = new();

    /// <summary>Probes until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await Task.WhenAll(WriteAsync(stop), ReadAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end that the caller asked for.
        }
    }

    /// <summary>The lags, in milliseconds, of the numbers sent between two moments (of <see cref="Stopwatch"/>); one that has not arrived counts as old as it is.</summary>
    public IReadOnlyList<double> Between(long from, long to)
    {
        lock (_lock)
        {
            return
            [
                .. _seen.Where(lag => lag.Sent >= from && lag.Sent < to).Select(static lag => lag.Milliseconds),
                .. _unseen
                    .Where(one => one.Sent >= from && one.Sent < to)
                    .Select(static one => Stopwatch.GetElapsedTime(one.Sent).TotalMilliseconds),
            ];
        }
    }

    /// <summary>How old the oldest number is that has not arrived.</summary>
    public TimeSpan Oldest
    {
        get
        {
            lock (_lock)
            {
                return _unseen.TryPeek(out var oldest) ? Stopwatch.GetElapsedTime(oldest.Sent) : TimeSpan.Zero;
            }
        }
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        using var beats = new PeriodicTimer(Beat);
        for (long number = Stopwatch.GetTimestamp(); await beats.WaitForNextTickAsync(stop); number++)
        {
            lock (_lock)
            {
                _unseen.Enqueue((number, Stopwatch.GetTimestamp()));
            }

            _ = await source.Link.Database().StringSetAsync(Key, number);
        }
    }

    /// <summary>The number on the target; none while it loads what its primary has sent.</summary>
    private async Task<RedisValue> LookAsync()
    {
        try
        {
            return await target.Link.Database().StringGetAsync(Key);
        }
        catch (RedisServerException loading) when (loading.Message.StartsWith("LOADING", StringComparison.Ordinal))
        {
            return RedisValue.Null;
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        while (true)
        {
            var value = await LookAsync();
            var now = Stopwatch.GetTimestamp();
            lock (_lock)
            {
                while (!value.IsNull && _unseen.TryPeek(out var oldest) && oldest.Number <= (long)value)
                {
                    _ = _unseen.Dequeue();
                    _seen.Add((oldest.Sent, Stopwatch.GetElapsedTime(oldest.Sent, now).TotalMilliseconds));
                }
            }

            await Task.Delay(Glance, stop);
        }
    }
}
