using Keyferry.Observe;
using Keyferry.Servers;

namespace Keyferry.Throttle;

/// <summary>Watches how the source bears what Keyferry takes from it: holds its latency within the budget, and says where a limit lets the lag grow.</summary>
/// <remarks><b>Concurrency.</b> One task; <see cref="Snapshot"/> may be read by anybody.</remarks>
/// <param name="source">Connections to the source; every primary is measured, and the slowest counts.</param>
/// <param name="dial">The limits.</param>
/// <param name="pace">What keeps to them.</param>
/// <param name="lag">The age of the oldest change that waits, and how many changes were heard of so far.</param>
/// <param name="note">Tells the operator.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class PaceWatch(
    ServerConnector source,
    PaceDial dial,
    SourcePace pace,
    Func<(TimeSpan Oldest, long Changes)> lag,
    Action<NoteLevel, string> note,
    TimeProvider time
)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LagInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LagWorthTelling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LagOver = TimeSpan.FromSeconds(1);

    private readonly LatencyGovernor _governor = new();
    private readonly PaceStory _story = new(note, time);
    private CancellationTokenSource? _measuring;
    private string _nodes = "";
    private List<(LatencyProbe Probe, Task Running)> _probes = [];
    private double _latency;
    private (TimeSpan Oldest, long Changes, long Held, long At) _before;
    private bool _lagTold;

    /// <summary>When Keyferry went slow for the source's sake.</summary>
    public IReadOnlyList<SlowDown> SlowDowns => _story.All;

    /// <summary>How it is now; <see langword="null"/> where nothing is limited and nothing was.</summary>
    public PaceSnapshot? Snapshot
    {
        get
        {
            var limits = dial.Limits;
            if (limits == PaceLimits.None && _story.Count == 0)
            {
                return null;
            }

            return new PaceSnapshot
            {
                Limits = limits.Words,
                KeysPerSecond = limits.KeysPerSecond,
                BytesPerSecond = limits.BytesPerSecond,
                LatencyBudget = limits.Latency,
                SourceLatency =
                    limits.Latency is null || Volatile.Read(ref _latency) is not (> 0 and var latency)
                        ? null
                        : TimeSpan.FromMilliseconds(latency),
                AllowedKeysPerSecond = _story.IsSlow ? pace.AdaptiveRate : null,
                SlowDowns = _story.Count,
                Slowed = _story.Spent,
            };
        }
    }

    /// <summary>Watches until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            _before.At = time.GetTimestamp();
            while (true)
            {
                await Task.Delay(Interval, time, stop);
                LookAtLag();
                if (dial.Limits.Latency is { } budget)
                {
                    await MeasureAsync(stop);
                    Look(budget);
                }
                else
                {
                    await EndMeasuringAsync();
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await EndMeasuringAsync();
        }
    }

    private void Look(TimeSpan budget)
    {
        var used = pace.TakeCount() / Interval.TotalSeconds;
        TimeSpan? slowest = null;
        foreach (var (probe, _) in _probes)
        {
            slowest = probe.Take() is { } one && (slowest is null || one > slowest) ? one : slowest;
        }

        if (slowest is not { } now)
        {
            // Nothing was measured: what is allowed stays as it is.
            return;
        }

        var before = Volatile.Read(ref _latency);
        var latency = before > 0 ? (before + now.TotalMilliseconds) / 2 : now.TotalMilliseconds;
        Volatile.Write(ref _latency, latency);
        // What is over already is not braked for once more.
        latency = Math.Min(latency, now.TotalMilliseconds);
        dial.Floor = dial.Floor == TimeSpan.Zero || now < dial.Floor ? now : dial.Floor;
        _governor.Look(TimeSpan.FromMilliseconds(latency), budget, used);
        pace.Adapt(_governor.Rate);
        if (_governor.Rate is not { } rate)
        {
            _story.End($"the source takes {latency:0.0##} ms to answer");
        }
        else if (latency > budget.TotalMilliseconds)
        {
            _story.Slow(rate, used, TimeSpan.FromMilliseconds(latency), budget);
        }
    }

    private async ValueTask MeasureAsync(CancellationToken stop)
    {
        var nodes = source.Nodes;
        var names = string.Join(' ', nodes.Select(static node => node.Endpoint.ToString()));
        if (names == _nodes)
        {
            return;
        }

        await EndMeasuringAsync();
        _nodes = names;
        _governor.Begin();
        pace.Adapt(_governor.Rate);
        _measuring = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var token = _measuring.Token;
        _probes =
        [
            .. nodes.Select(node =>
            {
                var probe = new LatencyProbe(node, time);
                return (probe, probe.RunAsync(token));
            }),
        ];
    }

    private async ValueTask EndMeasuringAsync()
    {
        if (_measuring is null)
        {
            return;
        }

        _measuring.Cancel();
        foreach (var (_, running) in _probes)
        {
            await running;
        }

        _measuring.Dispose();
        (_measuring, _nodes, _probes) = (null, "", []);
        Volatile.Write(ref _latency, 0);
        _governor.Free();
        pace.Adapt(null);
        _story.End("nothing is measured any more");
    }

    /// <summary>A limit below what changes lets the lag grow without end: that is the operator's to decide, once told.</summary>
    private void LookAtLag()
    {
        if (time.GetElapsedTime(_before.At) is var passed && passed < LagInterval)
        {
            return;
        }

        var (oldest, changes) = lag();
        var held = pace.ChangesHeld;
        var limits = dial.Limits;
        if (limits.IsHard && !_lagTold && held > _before.Held && oldest > LagWorthTelling && oldest > _before.Oldest)
        {
            _lagTold = true;
            note(
                NoteLevel.Warning,
                $"The limit ({limits.Words}) is below what changes on the source: {(changes - _before.Changes) / passed.TotalSeconds:#,0} changes a second come in, and the oldest has waited "
                    + $"{oldest.TotalSeconds:0.#} s by now. The lag grows until the limit is raised (keyferry pace) or less is written."
            );
        }
        else if (oldest < LagOver)
        {
            _lagTold = false;
        }

        _before = (oldest, changes, held, time.GetTimestamp());
    }
}
