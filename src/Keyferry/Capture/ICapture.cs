namespace Keyferry.Capture;

/// <summary>Listens to the changes of one shard. It says <em>where to look</em>, never what the value is.</summary>
/// <remarks>
/// Whatever may have been missed is noted as a gap, by the capture itself, also while nobody asks. A gap that lasted until the capture listened again is noted
/// again at that moment, so that no rescan that began earlier can close it.
/// </remarks>
internal interface ICapture : IAsyncDisposable
{
    /// <summary>What listens to what, for people.</summary>
    string Description { get; }

    /// <summary>Whether it hears of changes; one that does not (polling) finds them by passes over both sides.</summary>
    bool Listens { get; }

    /// <summary>A timestamp of the run's clock: every change that the source made before has been marked, or is covered by a gap that was noted. It lags behind by a few
    /// seconds. <see langword="null"/> where nothing is known.</summary>
    long? HeardUpTo { get; }

    /// <summary>Returns only when the server has confirmed that it is listening: a key changed after this call is marked dirty, or a gap is noted.</summary>
    /// <exception cref="Model.KeyferryException">It cannot listen.</exception>
    ValueTask ArmAsync(CancellationToken stop);

    /// <summary>Marks keys until <paramref name="stop"/>, through every loss of the connection.</summary>
    /// <exception cref="Model.KeyferryException">The source stayed away for longer than the run allows.</exception>
    Task RunAsync(CancellationToken stop);

    /// <summary>Returns when every change that the source made before this call has been marked, or is covered by a gap that has been noted.</summary>
    ValueTask CatchUpAsync(CancellationToken stop);

    /// <summary>Completes when the change of Keyferry's own key <paramref name="probe"/> has come through.</summary>
    Task SeesAsync(byte[] probe, CancellationToken stop);

    /// <summary>Up to when all of several have heard everything.</summary>
    static long? Earliest(IEnumerable<long?> moments)
    {
        long? earliest = long.MaxValue;
        foreach (var moment in moments)
        {
            earliest = moment is { } known && earliest is { } least ? Math.Min(known, least) : null;
        }

        return earliest == long.MaxValue ? null : earliest;
    }
}
