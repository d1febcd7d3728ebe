using Keyferry.Queue;

namespace Keyferry.Migration;

/// <summary>How a run that begins behind another one's fence waits for its turn: it listens first, and moves nothing before the clients are handed over. Both sides are equal
/// then, so there is nothing to copy. Thread-safe.</summary>
internal sealed class Handover
{
    private readonly Pulse _changed = new();
    private bool _listens;
    private bool _handedOver;

    /// <summary>Says that the clients are handed over.</summary>
    public void HandOver()
    {
        Volatile.Write(ref _handedOver, true);
        _changed.Set();
    }

    /// <summary>Waits until the capture listens.</summary>
    public Task ListensAsync(CancellationToken stop) => WaitAsync(() => Volatile.Read(ref _listens), stop);

    /// <summary>Says that the capture listens, and waits until the clients are handed over.</summary>
    public Task TurnAsync(CancellationToken stop)
    {
        Volatile.Write(ref _listens, true);
        _changed.Set();
        return WaitAsync(() => Volatile.Read(ref _handedOver), stop);
    }

    private async Task WaitAsync(Func<bool> holds, CancellationToken stop)
    {
        while (true)
        {
            var changed = _changed.Next();
            if (holds())
            {
                return;
            }

            await changed.WaitAsync(stop);
        }
    }
}
