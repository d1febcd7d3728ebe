using Keyferry.Capture;
using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>What the verifier may ask of a running migration.</summary>
/// <param name="lanes">Where looks are asked for.</param>
/// <param name="capture">Says when everything has been heard.</param>
/// <param name="gaps">What may have been missed.</param>
/// <param name="repairs">Whether what differs is looked at again. Not in a run that moves nothing but changes: it would copy what it was asked to leave.</param>
/// <param name="target">Listens to the target, for a comparison that never ends; otherwise nobody does.</param>
internal sealed class ChangeWatch(LaneSet lanes, ICapture capture, GapLedger gaps, bool repairs, TargetListening? target = null)
    : IContinuousWatch
{
    /// <inheritdoc/>
    public bool HasGap => gaps.IsOpen(GapScope.AllKeys);

    /// <inheritdoc/>
    public ValueTask RememberAsync(CancellationToken stop)
    {
        lanes.RememberChanged();
        return target?.ListensAsync(stop) ?? ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<KeyId>?> TakeToldAsync(bool thorough, CancellationToken stop) =>
        target?.TakeAsync(thorough, stop) ?? ValueTask.FromResult<IReadOnlyCollection<KeyId>?>([]);

    /// <inheritdoc/>
    public IWatchedKeys Watch(IReadOnlyCollection<KeyId> keys) => new Watched(lanes.Watch(keys));

    /// <inheritdoc/>
    public void LookAgain(IReadOnlyCollection<KeyId> keys)
    {
        foreach (var key in repairs ? keys : [])
        {
            lanes.LookAgain(key);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<KeyId>? TakeChanged() => lanes.TakeChanged();

    /// <inheritdoc/>
    public async ValueTask SettleAsync(CancellationToken stop)
    {
        await capture.CatchUpAsync(stop);
        await lanes.SettleAsync(stop);
    }

    /// <inheritdoc/>
    public async ValueTask SettleInTurnAsync(CancellationToken stop)
    {
        await capture.CatchUpAsync(stop);
        await lanes.SettleAsync(hurry: false, stop);
    }

    private sealed class Watched(WatchedKeys keys) : IWatchedKeys
    {
        public bool WasTouched(in KeyId key) => keys.WasTouched(key);

        public void Dispose() => keys.Dispose();
    }
}
