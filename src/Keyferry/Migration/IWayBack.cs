using Keyferry.Observe;

namespace Keyferry.Migration;

/// <summary>The way back after a switch: the same engine with the sides swapped, so that going back loses nothing. Disposed by whoever has seen its end.</summary>
internal interface IWayBack : IDisposable
{
    /// <summary>Its counters.</summary>
    ProgressSnapshot Progress { get; }

    /// <summary>Completes when the clients are back on the old side; never where they stay.</summary>
    Task Returned { get; }

    /// <summary>Its end: rolled back, closed, or failed; <see langword="null"/> where it has not begun.</summary>
    Task<MigrationReport>? Ended { get; }

    /// <summary>Begins; returns once it hears of every change on the new side.</summary>
    /// <exception cref="Model.KeyferryException">It cannot.</exception>
    Task ListenAsync(CancellationToken stop);

    /// <summary>The clients are on the new side: what changes there is moved to the old one from now on.</summary>
    void Go();

    /// <summary>Ends it: what waits is moved still, if it has begun.</summary>
    void Close();
}
