using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Throttle;

/// <summary>Measures how long one server takes to answer: PING on a connection of its own, a hundred times a second. What other clients wait for, it waits for too.</summary>
/// <remarks><b>The figure.</b> The mean of what was measured since the last look, without the slowest tenth: a single moment in which some process was not scheduled says
/// nothing of the source, and would slow a copy down for seconds. <b>Concurrency.</b> One task measures; anybody may <see cref="Take"/>.</remarks>
internal sealed class LatencyProbe(ServerConnector node, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly List<TimeSpan> _trips = [];
    private long? _asked;

    /// <summary>Measures until <paramref name="stop"/>. A server that is away is not slow: nothing is measured until it is back.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                try
                {
                    await using var connection = await node.ConnectAsync("pace", stop);
                    await MeasureAsync(connection, stop);
                }
                catch (Exception away) when (away is IOException or ServerErrorException or KeyferryException)
                {
                    lock (_lock)
                    {
                        _asked = null;
                    }
                }

                await Task.Delay(Pause, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }

    /// <summary>What the server took on average since the last call, with what it has not answered yet; <see langword="null"/> where nothing was measured.</summary>
    public TimeSpan? Take()
    {
        lock (_lock)
        {
            // A server that is held up for longer than the look is slow now, not only when it has answered.
            if (_asked is { } asked && time.GetElapsedTime(asked) is var open && open > Interval)
            {
                _trips.Add(open);
            }

            if (_trips.Count == 0)
            {
                return null;
            }

            _trips.Sort();
            var counted = _trips.Count - (_trips.Count / 10);
            var mean = TimeSpan.FromTicks(_trips.Take(counted).Sum(static trip => trip.Ticks) / counted);
            _trips.Clear();
            return mean;
        }
    }

    private async ValueTask MeasureAsync(RespConnection connection, CancellationToken stop)
    {
        while (true)
        {
            var asked = time.GetTimestamp();
            lock (_lock)
            {
                _asked = asked;
            }

            _ = await connection.TryCallAsync(stop, "PING");
            lock (_lock)
            {
                _asked = null;
                _trips.Add(time.GetElapsedTime(asked));
            }

            await Task.Delay(Interval, time, stop);
        }
    }
}
