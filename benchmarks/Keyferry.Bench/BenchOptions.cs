using Keyferry.Bench.Contenders;

namespace Keyferry.Bench;

/// <summary>What is run, how often and how large.</summary>
internal sealed record BenchOptions
{
    /// <summary>Mixed keys in the source.</summary>
    public required int Keys { get; init; }

    /// <summary>Runs of each contender; the medians of these are shown.</summary>
    public required int Runs { get; init; }

    /// <summary>How long each rate is held in the live scenario.</summary>
    public required double StepSeconds { get; init; }

    /// <summary>Writes a second in the live scenario, rising.</summary>
    public required IReadOnlyList<int> Rates { get; init; }

    /// <summary>Writes a second while the first copy runs.</summary>
    public int RateWhileCopying { get; init; } = 20_000;

    /// <summary>The builds of Keyferry.</summary>
    public required IReadOnlyList<KeyferryProgram> Programs { get; init; }

    /// <summary>Other tools.</summary>
    public required IReadOnlyList<IContender> Peers { get; init; }

    /// <summary>The folder that the report is written to.</summary>
    public required string Output { get; init; }
}
