using Keyferry.Bench.Running;

namespace Keyferry.Bench.Contenders;

/// <summary>Something that moves the keys of one server to another.</summary>
internal interface IContender
{
    /// <summary>What the report calls it.</summary>
    string Name { get; }

    /// <summary>Whether it can follow changes.</summary>
    bool CanFollow { get; }

    /// <summary>Copies every key once and returns when all of them are on the target.</summary>
    /// <returns>What it cost.</returns>
    Task<Figures> CopyAsync(Server source, Server target, CancellationToken stop);

    /// <summary>Begins to copy and to follow changes, and returns at once.</summary>
    Task<IFollower> FollowAsync(Server source, Server target);
}

/// <summary>A contender that copies and then follows. Disposing ends it.</summary>
internal interface IFollower : IAsyncDisposable
{
    /// <summary>The process, where there is one beside the servers.</summary>
    Watched? Tool { get; }

    /// <summary>When it began to copy, as it says itself; <see langword="null"/> where it does not.</summary>
    Task<DateTimeOffset?> BeganAsync(CancellationToken stop);

    /// <summary>Returns when the first copy is on the target and it only follows.</summary>
    Task CopiedAsync(CancellationToken stop);
}
