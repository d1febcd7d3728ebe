using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Migration;

/// <summary>Whether the source can keep the latency budget at all: what it takes to answer before anything is read from it is the least.</summary>
internal static class LatencyCheck
{
    private const int Rounds = 21;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>The median round trip of some PINGs.</summary>
    public static async ValueTask<TimeSpan> MeasureAsync(RespConnection connection, TimeProvider time, CancellationToken stop)
    {
        var trips = new TimeSpan[Rounds];
        for (var i = 0; i < Rounds; i++)
        {
            var asked = time.GetTimestamp();
            _ = await connection.TryCallAsync(stop, "PING");
            trips[i] = time.GetElapsedTime(asked);
            await Task.Delay(Pause, time, stop);
        }

        Array.Sort(trips);
        return trips[Rounds / 2];
    }

    /// <summary>Refuses a budget that is used up before anything is read.</summary>
    public static async ValueTask JudgeAsync(
        TimeSpan? budget,
        RespConnection source,
        Action<string, string> refuse,
        TimeProvider time,
        CancellationToken stop
    )
    {
        if (budget is { } most && await MeasureAsync(source, time, stop) is var least && least >= most)
        {
            refuse(
                $"The source takes {least.TotalMilliseconds:0.0##} ms to answer a PING before anything is read from it (median of {Rounds}), so that a budget of {most.TotalMilliseconds:0.###} ms cannot be kept.",
                "Raise --source-latency-budget, or run Keyferry nearer to the source."
            );
        }
    }
}
