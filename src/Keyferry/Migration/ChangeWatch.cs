using Keyferry.Capture;
using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>What the verifier may ask of a running migration.</summary>
internal sealed class ChangeWatch(LaneSet lanes, ICapture capture) : IChangeWatch
{
    /// <inheritdoc/>
    public IWatchedKeys Watch(IReadOnlyCollection<KeyId> keys) => new Watched(lanes.Watch(keys));

    /// <inheritdoc/>
    public void LookAgain(IReadOnlyCollection<KeyId> keys)
    {
        foreach (var key in keys)
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

    private sealed class Watched(WatchedKeys keys) : IWatchedKeys
    {
        public bool WasTouched(in KeyId key) => keys.WasTouched(key);

        public void Dispose() => keys.Dispose();
    }
}
