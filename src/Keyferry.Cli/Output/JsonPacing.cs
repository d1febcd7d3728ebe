using Keyferry.Observe;
using Keyferry.Throttle;

namespace Keyferry.Cli.Output;

/// <summary>From what the engine says of the source's protection to the objects of <c>--json</c>.</summary>
internal static class JsonPacing
{
    public static JsonPace? Of(PaceSnapshot? pace) =>
        pace is null
            ? null
            : new JsonPace
            {
                KeysPerSecond = pace.KeysPerSecond,
                BytesPerSecond = pace.BytesPerSecond,
                LatencyBudgetMs = pace.LatencyBudget?.TotalMilliseconds,
                SourceLatencyMs = pace.SourceLatency is { } latency ? Math.Round(latency.TotalMilliseconds, 3) : null,
                AllowedKeysPerSecond = pace.AllowedKeysPerSecond is { } rate ? Math.Round(rate) : null,
                SlowDowns = pace.SlowDowns,
                SlowedSeconds = Math.Round(pace.Slowed.TotalSeconds, 3),
            };

    public static JsonSlowDown Of(SlowDown one) =>
        new(
            JsonLines.Stamp(one.From),
            Math.Round(one.Lasted.TotalSeconds, 3),
            one.Budget.TotalMilliseconds,
            Math.Round(one.Worst.TotalMilliseconds, 3),
            Math.Round(one.Lowest)
        );
}
