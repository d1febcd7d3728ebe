using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Throttle;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>How a run ended, for people and programs.</summary>
public sealed record MigrationReport
{
    /// <summary>What the run can truthfully say.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Why the verdict is what it is, one sentence each; empty for <see cref="Verdict.Equal"/>.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>What the verdict takes for granted, one sentence each, because the source lets nobody find it out; mostly empty.</summary>
    public IReadOnlyList<string> Premises { get; init; } = [];

    /// <summary>The run's short name, as in the client names on both servers.</summary>
    public required string RunName { get; init; }

    /// <summary><c>Redis 7.0.15 at host:port</c></summary>
    public required string Source { get; init; }

    /// <summary><c>Valkey 8.1.1 at host:port</c></summary>
    public required string Target { get; init; }

    /// <summary>Which part of the source was moved, as the options say it; empty for everything.</summary>
    public string Selection { get; init; } = "";

    /// <summary>How the clients were handed over, or <see langword="null"/> where they were not.</summary>
    internal CutoverRecord? Cutover { get; init; }

    /// <summary>Keys that somebody else wrote on the target, and that were put right from the source while the run followed.</summary>
    internal long PutRight { get; init; }

    /// <summary>What a way back that was gone on with found to differ after the time in which it did not run, written anew and removed; <see langword="null"/> elsewhere.</summary>
    internal (long Written, long Removed)? CameApart { get; init; }

    /// <summary>The counters at the end.</summary>
    public required ProgressSnapshot Progress { get; init; }

    /// <summary>What the comparison found, or <see langword="null"/> where none ran.</summary>
    public VerifyResult? Verify { get; init; }

    /// <summary>Values that were put on the target, by type (<c>string</c>, <c>hash</c>, ...); a key moved twice counts twice.</summary>
    public IReadOnlyDictionary<KeyType, long> WrittenByType => Moved.ByType;

    /// <summary>The same, and the keys that stood out.</summary>
    internal MovedKeys Moved { get; init; } = MovedKeys.None;

    /// <summary>How many keys were left out because the target cannot hold them, as the user asked, by reason.</summary>
    public IReadOnlyDictionary<string, int> LeftOut { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Some of those keys.</summary>
    internal IReadOnlyList<KeyId> FirstLeftOut { get; init; } = [];

    /// <summary>Time spent in each phase, in the order in which they were entered.</summary>
    public IReadOnlyList<(Phase Phase, TimeSpan Spent)> Phases { get; init; } = [];

    /// <summary>What was changed on the source and has been put back, or could not be, one sentence each.</summary>
    public IReadOnlyList<string> Leases { get; init; } = [];

    /// <summary>When Keyferry went slow to keep the source within its latency budget; the first hundred times.</summary>
    internal IReadOnlyList<SlowDown> SlowDowns { get; init; } = [];

    /// <summary>What became of the source's functions, in words; <see langword="null"/> where they were not asked for.</summary>
    public string? Functions { get; init; }

    /// <summary>What is on the source and was not the run's to move, one entry each.</summary>
    public IReadOnlyList<string> NotMoved { get; init; } = [];

    /// <summary>Where the report lies as a page to look at, or why there is none; <see langword="null"/> where nobody has written one.</summary>
    public string? Page { get; init; }
}
