namespace Keyferry.Cutover;

/// <summary>Keeps clients from writing to the source, for a while.</summary>
/// <remarks>
/// <para><b>Promises.</b> A fence is written to the run's state before it is raised. <see cref="LowerAsync"/> may be called at any time, and again; where it was never raised it
/// does nothing.</para>
/// <para><b>Concurrency.</b> One caller, but for <see cref="CheckAsync"/>, which a guard calls from its own task between raise and lower.</para>
/// </remarks>
internal interface IFence : IAsyncDisposable
{
    /// <summary>Whether the source counts no expiries while the fence stands.</summary>
    bool HoldsExpiries { get; }

    /// <summary>Opens connections and looks whether it can be raised; changes nothing.</summary>
    /// <exception cref="CutoverFailedException">It cannot, and why.</exception>
    ValueTask PrepareAsync(CancellationToken stop);

    /// <summary>Keeps clients from writing.</summary>
    /// <exception cref="CutoverFailedException">It could not be raised, or not everywhere.</exception>
    ValueTask RaiseAsync(CancellationToken stop);

    /// <summary>Proves that clients are kept from writing.</summary>
    /// <exception cref="CutoverFailedException">They are not, or it cannot be told.</exception>
    ValueTask TryAsync(CancellationToken stop);

    /// <summary>Looks whether it still holds, and prolongs it where it would end by itself.</summary>
    /// <returns>Why it does not hold, or <see langword="null"/>.</returns>
    /// <exception cref="IOException">The server is lost, and the fence with it.</exception>
    ValueTask<string?> CheckAsync(CancellationToken stop);

    /// <summary>Lets clients write again.</summary>
    /// <exception cref="CutoverFailedException">They could not be let; the lease stays open for <c>keyferry restore</c>.</exception>
    ValueTask LowerAsync(CancellationToken stop);
}
