using Keyferry.Model;

namespace Keyferry.Verify;

/// <summary>What a verifier may ask of a live migration: what changes, and another look. It is how a repair stays a look and never a second writer.</summary>
internal interface IChangeWatch
{
    /// <summary>Begins to note which of <paramref name="keys"/> are marked dirty by a change from now on (looks that were asked for here do not count).</summary>
    IWatchedKeys Watch(IReadOnlyCollection<KeyId> keys);

    /// <summary>Asks for another look at <paramref name="keys"/>.</summary>
    void LookAgain(IReadOnlyCollection<KeyId> keys);

    /// <summary>The keys that have changed since this was asked last, or since the comparison began: what was seen of them may be out of date.</summary>
    /// <returns><see langword="null"/> where there were more than can be remembered.</returns>
    IReadOnlyCollection<KeyId>? TakeChanged();

    /// <summary>Returns when every key that is dirty now, and every change made on the source before this call, has been moved.</summary>
    ValueTask SettleAsync(CancellationToken stop);
}

/// <summary>What a verifier that never ends may ask besides.</summary>
internal interface IContinuousWatch : IChangeWatch
{
    /// <summary>Whether changes of any key may have been missed and were not looked for yet.</summary>
    bool HasGap { get; }

    /// <summary>As <see cref="IChangeWatch.SettleAsync"/>, but large values that change all the time are not moved earlier than they would be anyway.</summary>
    ValueTask SettleInTurnAsync(CancellationToken stop);

    /// <summary>Begins to remember which keys change, for <see cref="IChangeWatch.TakeChanged"/>; returns when the target is listened to as well, or it is known that it cannot
    /// be.</summary>
    ValueTask RememberAsync(CancellationToken stop);

    /// <summary>The keys, by their names on the source, that the target has told of since this was asked last, up to now: written by the run itself, or by others.</summary>
    /// <param name="thorough">Whether the target is also looked at for what it does not tell of.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns><see langword="null"/> where some may have been missed.</returns>
    ValueTask<IReadOnlyCollection<KeyId>?> TakeToldAsync(bool thorough, CancellationToken stop);
}

/// <summary>Keys under watch; disposing ends the watch.</summary>
internal interface IWatchedKeys : IDisposable
{
    /// <summary>Whether <paramref name="key"/> has changed since the watch began, or may have (a gap was noticed).</summary>
    bool WasTouched(in KeyId key);
}
