using System.Text;
using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Integration.Verify;

/// <summary>A migration that has moved everything at once, as a continuous verifier sees it.</summary>
/// <param name="touched">The keys that were written to since it was asked last, and at first.</param>
internal sealed class TouchedWatch(Func<IEnumerable<string>> touched) : IContinuousWatch
{
    public bool HasGap => false;

    /// <summary>Keys that were to be looked at again.</summary>
    public int LookedAgain { get; private set; }

    /// <summary>Whether the verifier listens to what is touched.</summary>
    public bool Remembers { get; private set; }

    public ValueTask RememberAsync(CancellationToken stop)
    {
        Remembers = true;
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyCollection<KeyId>?> TakeToldAsync(bool thorough, CancellationToken stop) =>
        ValueTask.FromResult<IReadOnlyCollection<KeyId>?>([]);

    public IReadOnlyCollection<KeyId>? TakeChanged() =>
        [.. touched().Distinct().Select(static key => new KeyId(0, new KeyName(Encoding.UTF8.GetBytes(key))))];

    public void LookAgain(IReadOnlyCollection<KeyId> keys) => LookedAgain += keys.Count;

    public ValueTask SettleAsync(CancellationToken stop) => ValueTask.CompletedTask;

    public ValueTask SettleInTurnAsync(CancellationToken stop) => ValueTask.CompletedTask;

    public IWatchedKeys Watch(IReadOnlyCollection<KeyId> keys) => throw new NotSupportedException("a continuous verifier watches no keys");
}
