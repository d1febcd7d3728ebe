using Keyferry.Model;

namespace Keyferry.State;

/// <summary>What a run is, when it begins.</summary>
internal sealed record RunStart
{
    /// <summary>Its short name, part of the client names on both servers.</summary>
    public required string Name { get; init; }

    /// <summary><c>host:port</c></summary>
    public required string Source { get; init; }

    /// <summary><c>host:port</c></summary>
    public required string Target { get; init; }

    /// <summary><c>live</c>, <c>snapshot</c>, <c>live-only</c></summary>
    public required string Mode { get; init; }

    /// <summary>The options in words, for people. No secrets.</summary>
    public string Options { get; init; } = "";
}

/// <summary>A run as the store knows it.</summary>
/// <param name="Id">Counts from 1 within the work directory.</param>
/// <param name="Start">What it is.</param>
/// <param name="Started">When it began.</param>
/// <param name="Phase">The phase that it entered last.</param>
/// <param name="Ended">When it ended, or <see langword="null"/> for one that runs or was killed.</param>
/// <param name="Verdict">What it could say at its end.</param>
internal sealed record RunRecord(long Id, RunStart Start, DateTimeOffset Started, Phase Phase, DateTimeOffset? Ended, Verdict? Verdict);

/// <summary>A phase that a run entered.</summary>
internal sealed record PhaseRecord(Phase Phase, DateTimeOffset Entered, string Why);

/// <summary>A time during which a capture may have missed something.</summary>
internal sealed record GapRecord
{
    /// <summary>Given by the store; 0 before.</summary>
    public long Id { get; init; }

    /// <summary>The run that it happened to.</summary>
    public required long Run { get; init; }

    /// <summary>The shard, by name.</summary>
    public required string Shard { get; init; }

    /// <summary>What happened, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>Which part of the keyspace is concerned, in words.</summary>
    public required string Scope { get; init; }

    /// <summary>When it was noticed; filled in by the store.</summary>
    public DateTimeOffset Opened { get; init; }

    /// <summary>When everything concerned had been looked at again.</summary>
    public DateTimeOffset? Closed { get; init; }
}

/// <summary>How far the snapshot of a shard has come. A resumed run goes on from here if the server is still the same process.</summary>
internal sealed record ScanPosition
{
    /// <summary>The run that scans.</summary>
    public required long Run { get; init; }

    /// <summary>The shard, by name.</summary>
    public required string Shard { get; init; }

    /// <summary>The database that is being scanned; those before it are done.</summary>
    public required int Database { get; init; }

    /// <summary>The cursor to go on with, in decimal as SCAN gave it; every key handed out before it is on the target.</summary>
    public required string Cursor { get; init; }

    /// <summary>Keys handed out so far.</summary>
    public long Keys { get; init; }

    /// <summary>The run id of the server process that the cursor belongs to.</summary>
    public required string ServerRunId { get; init; }

    /// <summary>Whether the scan of the shard has come to its end.</summary>
    public bool Done { get; init; }
}

/// <summary>The outcome of one comparison.</summary>
internal sealed record VerifyRecord
{
    /// <summary>The run that compared.</summary>
    public required long Run { get; init; }

    /// <summary>What could be said.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Keys of the source that were compared.</summary>
    public long Compared { get; init; }

    /// <summary>Keys of the target that were looked up on the source.</summary>
    public long LookedUp { get; init; }

    /// <summary>Stable differences.</summary>
    public long Differences { get; init; }

    /// <summary>Keys that kept changing.</summary>
    public long InFlight { get; init; }

    /// <summary>Differences mended by another look.</summary>
    public long Repaired { get; init; }

    /// <summary>When it ended; filled in by the store.</summary>
    public DateTimeOffset At { get; init; }
}
