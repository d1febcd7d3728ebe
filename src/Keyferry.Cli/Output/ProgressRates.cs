using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>Turns looks at a run into rates over the last ten seconds.</summary>
internal sealed class ProgressRates(MigrationOptions options)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    // Every counter was zero at the start, so the first look has rates already.
    private readonly Queue<ProgressSnapshot> _seen = new([new ProgressSnapshot { Phase = Phase.Planned, Elapsed = TimeSpan.Zero }]);

    private TimeSpan? _backSince;

    /// <summary>Takes the next look.</summary>
    public ProgressView Take(ProgressSnapshot now)
    {
        BeginAnewWhereItTurned(now);
        // One look beyond the window stays, so that looks further apart than the window have a rate, too.
        while (_seen.Count > 1 && now.Elapsed - _seen.ElementAt(1).Elapsed >= Window)
        {
            _ = _seen.Dequeue();
        }

        var then = _seen.Peek();
        _seen.Enqueue(now);
        var seconds = (now.Elapsed - then.Elapsed).TotalSeconds;
        double Rate(long later, long earlier) => seconds > 0 ? Math.Max(0, (later - earlier) / seconds) : 0;

        var keysPerSecond = Rate(now.Scanned, then.Scanned);
        var left = Math.Max(0, now.ScanTotal - now.Scanned);
        return new ProgressView
        {
            Now = now,
            KeysPerSecond = keysPerSecond,
            BytesPerSecond = Rate(now.PayloadBytes, then.PayloadBytes),
            ChangesPerSecond = Rate(now.Changes, then.Changes),
            MovedPerSecond = Rate(now.ChangesMoved, then.ChangesMoved),
            CopyLeft = !now.CopyDone && keysPerSecond > 0 && left / keysPerSecond < 1e9 ? TimeSpan.FromSeconds(left / keysPerSecond) : null,
            DirtyBudget = options.DirtyBudget,
            Copies = options.Mode != MigrationMode.LiveOnly && now.BackSince is null,
            Follows = options.Mode != MigrationMode.Snapshot,
            From = (now.BackSince is null ? options.Source : options.Target).ToString(),
            To = (now.BackSince is null ? options.Target : options.Source).ToString(),
        };
    }

    /// <summary>The way back has counters of its own, which were zero at the switch: they are never compared with those of the way there.</summary>
    private void BeginAnewWhereItTurned(ProgressSnapshot now)
    {
        if (now.BackSince == _backSince)
        {
            return;
        }

        _backSince = now.BackSince;
        _seen.Clear();
        _seen.Enqueue(
            now.BackSince is { } since
                ? new ProgressSnapshot
                {
                    Phase = now.Phase,
                    Elapsed = since,
                    BackSince = since,
                }
                : now
        );
    }
}
