using System.Text;
using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Integration.Verify;

/// <summary>A migration that has moved everything at once, as a continuous verifier sees it; the test says what was touched.</summary>
internal sealed class TouchedWatch : IContinuousWatch
{
    private readonly HashSet<KeyId> _taken = [];
    private ChangedKeys _changed = new();

    public bool HasGap => false;

    /// <summary>Touched keys that the verifier has heard of, each once.</summary>
    public int Taken => _taken.Count;

    /// <summary>Keys that were to be looked at again.</summary>
    public int LookedAgain { get; private set; }

    /// <summary>Says that a key was written to.</summary>
    public void Touch(ReadOnlySpan<byte> key) => Volatile.Read(ref _changed).Add(0, key);

    /// <summary>Says that a key was written to.</summary>
    public void Touch(string key) => Touch(Encoding.UTF8.GetBytes(key));

    public void Remember()
    {
        _taken.Clear();
        Volatile.Write(ref _changed, new ChangedKeys());
    }

    public IReadOnlyCollection<KeyId>? TakeChanged()
    {
        var changed = Volatile.Read(ref _changed).Take();
        _taken.UnionWith(changed ?? []);
        return changed;
    }

    public void LookAgain(IReadOnlyCollection<KeyId> keys) => LookedAgain += keys.Count;

    public ValueTask SettleAsync(CancellationToken stop) => ValueTask.CompletedTask;

    public ValueTask SettleInTurnAsync(CancellationToken stop) => ValueTask.CompletedTask;

    public IWatchedKeys Watch(IReadOnlyCollection<KeyId> keys) => throw new NotSupportedException("a continuous verifier watches no keys");
}
