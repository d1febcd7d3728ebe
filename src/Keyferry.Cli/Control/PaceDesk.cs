using Keyferry.Cli.Output;
using Keyferry.Throttle;

namespace Keyferry.Cli.Control;

/// <summary>Changes the limits of a run, and says what they are.</summary>
internal static class PaceDesk
{
    /// <summary>Answers <c>keyferry pace</c>.</summary>
    public static ControlReply Answer(PaceDial dial, PaceChange? change)
    {
        var before = dial.Limits;
        var after = change is null ? before : Changed(before, change);
        if (after.Latency is { } budget && after.Latency != before.Latency && budget <= dial.Floor)
        {
            return new ControlReply
            {
                Done = true,
                Saw =
                    $"The source has never answered faster than in {dial.Floor.TotalMilliseconds:0.0##} ms, so that a budget of {budget.TotalMilliseconds:0.###} ms cannot be kept.",
                Remedy = "Give a longer one; or limit keys or bytes a second instead.",
                ExitCode = ExitCodes.Refused,
            };
        }

        if (after == before)
        {
            return ControlReply.Said($"pace: {after.Words}");
        }

        dial.Limits = after;
        return ControlReply.Said($"pace: {after.Words} (was: {before.Words})");
    }

    private static PaceLimits Changed(PaceLimits limits, PaceChange change)
    {
        limits = change.Off ? PaceLimits.None : limits;
        return limits with
        {
            KeysPerSecond = change.Keys is { } keys ? NoneForZero(keys) : limits.KeysPerSecond,
            BytesPerSecond = change.Bytes is { } bytes ? NoneForZero(bytes) : limits.BytesPerSecond,
            Latency = change.LatencyMs switch
            {
                null => limits.Latency,
                0 => null,
                { } latency => TimeSpan.FromMilliseconds(latency),
            },
        };
    }

    private static long? NoneForZero(long given) => given == 0 ? null : given;
}
