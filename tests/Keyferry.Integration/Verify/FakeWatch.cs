using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Integration.Verify;

/// <summary>A migration as a verifier sees it, whose behaviour the test decides.</summary>
internal sealed class FakeWatch : IChangeWatch
{
    /// <summary>Done when another look is asked for.</summary>
    public Func<IReadOnlyCollection<KeyId>, Task> Repair { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Done at each settling.</summary>
    public Func<int, Task> Settle { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Whether a key counts as touched.</summary>
    public Func<KeyId, bool> Touched { get; init; } = static _ => false;

    /// <summary>Keys that changed before each asking, as often as there are entries.</summary>
    public Queue<KeyId[]> Changed { get; init; } = [];

    public int Settled { get; private set; }

    public int LookedAgain { get; private set; }

    private Task Pending { get; set; } = Task.CompletedTask;

    public IWatchedKeys Watch(IReadOnlyCollection<KeyId> keys) => new Watched(Touched);

    public void LookAgain(IReadOnlyCollection<KeyId> keys)
    {
        LookedAgain += keys.Count;
        Pending = Repair(keys);
    }

    public IReadOnlyCollection<KeyId>? TakeChanged() => Changed.TryDequeue(out var changed) ? changed : [];

    public async ValueTask SettleAsync(CancellationToken stop)
    {
        await Pending;
        await Settle(++Settled);
    }

    private sealed class Watched(Func<KeyId, bool> touched) : IWatchedKeys
    {
        public bool WasTouched(in KeyId key) => touched(key);

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
