using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>How far a server's clock is ahead of Keyferry's, measured with <c>TIME</c>.</summary>
/// <param name="Ahead">Server's clock less ours; negative when it is behind.</param>
/// <param name="Uncertainty">Half the round trip of the best sample: the true offset lies within this of <paramref name="Ahead"/>.</param>
internal readonly record struct ClockOffset(TimeSpan Ahead, TimeSpan Uncertainty)
{
    private const int Samples = 5;

    /// <summary>Asks a few times and keeps the answer with the shortest round trip.</summary>
    public static async ValueTask<ClockOffset> MeasureAsync(RespConnection connection, TimeProvider time, CancellationToken stop)
    {
        var best = new ClockOffset(TimeSpan.Zero, TimeSpan.MaxValue);
        for (var i = 0; i < Samples; i++)
        {
            var before = time.GetUtcNow();
            var reply = await connection.CallAsync(stop, "TIME");
            var half = (time.GetUtcNow() - before) / 2;
            var server = DateTimeOffset.UnixEpoch.AddSeconds(reply.Items[0].Integer).AddMicroseconds(reply.Items[1].Integer);
            if (half < best.Uncertainty)
            {
                best = new ClockOffset(server - (before + half), half);
            }
        }

        return best;
    }
}
