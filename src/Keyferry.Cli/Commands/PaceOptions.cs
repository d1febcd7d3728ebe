using System.CommandLine;
using Keyferry.Cli.Input;

namespace Keyferry.Cli.Commands;

/// <summary>What a command may take from the source.</summary>
internal sealed class PaceOptions
{
    /// <summary>The shortest latency budget: below it a round trip on one machine has no room.</summary>
    public static readonly TimeSpan LeastLatency = TimeSpan.FromMilliseconds(0.1);

    /// <summary>The longest.</summary>
    public static readonly TimeSpan MostLatency = TimeSpan.FromSeconds(10);

    private readonly Option<int?> _keys = TypedOption.Whole(
        "--limit-keys",
        "N",
        "Keys that may be read from the source in a second, by copy, changes and comparisons together; changes go first. keyferry pace changes it. Default: no limit.",
        1,
        int.MaxValue
    );

    private readonly Option<long?> _bytes = TypedOption.Size(
        "--limit-bytes",
        "Bytes of values that may be read from the source in a second. keyferry pace changes it. Default: no limit.",
        10_000
    );

    private readonly Option<TimeSpan?> _latency = TypedOption.Duration(
        "--source-latency-budget",
        "Go slower with copy, rescans and comparisons while the source takes longer than this to answer a PING, on average; changes are not held up. "
            + "keyferry pace changes it. Default: as fast as the source answers.",
        LeastLatency,
        MostLatency
    );

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All => [_keys, _bytes, _latency];

    /// <summary>Keys a second, bytes a second, and the latency budget, as far as they were given.</summary>
    public (long? Keys, long? Bytes, TimeSpan? Latency) Read(ParseResult parsed) =>
        (parsed.GetValue(_keys), parsed.GetValue(_bytes), parsed.GetValue(_latency));
}
