namespace Keyferry.Cutover;

/// <summary>What the steps of a cutover act upon.</summary>
/// <remarks>What a step cannot do it tells by a <see cref="CutoverFailedException"/>; servers that are lost by the exceptions of the connections.</remarks>
internal interface ICutoverScene
{
    /// <summary>Cancelled when the fence does not hold any more: a failover, a restart, a write that went through.</summary>
    CancellationToken FenceBroken { get; }

    /// <summary>Why the fence does not hold, or <see langword="null"/>.</summary>
    string? FenceTrouble { get; }

    /// <summary>Looks at the fence now, without waiting for whoever watches it.</summary>
    /// <returns>Why it does not hold, or <see langword="null"/>.</returns>
    ValueTask<string?> LookAtFenceAsync(CancellationToken stop);

    /// <summary>Checks that nothing stands against a cutover now.</summary>
    ValueTask CheckReadyAsync(CancellationToken stop);

    /// <summary>Opens every connection that is needed behind the fence, so that no time is lost there.</summary>
    ValueTask PrepareAsync(CancellationToken stop);

    /// <summary>Keeps clients from writing to the source.</summary>
    ValueTask FenceAsync(CancellationToken stop);

    /// <summary>Proves that they are kept from it.</summary>
    ValueTask TryFenceAsync(CancellationToken stop);

    /// <summary>Lets clients write to the source again.</summary>
    ValueTask UnfenceAsync(CancellationToken stop);

    /// <summary>Moves everything that the source has done until now.</summary>
    ValueTask DrainAsync(CancellationToken stop);

    /// <summary>Compares what was not compared since it was last touched.</summary>
    ValueTask ProveAsync(CancellationToken stop);

    /// <summary>Listens to the changes of the target, so that the clients can go back.</summary>
    ValueTask OpenWayBackAsync(CancellationToken stop);

    /// <summary>Stops listening to them.</summary>
    ValueTask CloseWayBackAsync(CancellationToken stop);

    /// <summary>Stops moving keys: from here on the target belongs to the clients.</summary>
    ValueTask FreezeAsync(CancellationToken stop);

    /// <summary>Moves keys again.</summary>
    ValueTask ThawAsync(CancellationToken stop);

    /// <summary>Hands the clients over.</summary>
    ValueTask<SwitchAnswer> SwitchAsync(CancellationToken stop);

    /// <summary>Asks a person who owns the data.</summary>
    /// <returns>Whether the clients were switched.</returns>
    ValueTask<bool> ResolveAsync(string why, CancellationToken stop);

    /// <summary>Checks that the target serves.</summary>
    ValueTask ConfirmAsync(CancellationToken stop);

    /// <summary>Disconnects clients from the source, so that no write that was held back is executed there, and lets clients write to it again.</summary>
    ValueTask LeaveAsync(CancellationToken stop);
}

/// <summary>What is known of a switch.</summary>
internal enum SwitchOutcome
{
    /// <summary>The clients were switched.</summary>
    Switched,

    /// <summary>Nothing was switched, for certain.</summary>
    NotSwitched,

    /// <summary>It is not known.</summary>
    Unknown,
}

/// <summary>The answer to a switch.</summary>
/// <param name="Outcome">What is known.</param>
/// <param name="Why">In words.</param>
internal sealed record SwitchAnswer(SwitchOutcome Outcome, string Why);
