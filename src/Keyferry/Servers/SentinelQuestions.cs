using System.Globalization;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>What sentinels are asked: who is the primary, and who could become it.</summary>
internal static class SentinelQuestions
{
    /// <summary>Asks one sentinel. The primary serves all slots, so that a failover is seen as what it is: every slot has another owner.</summary>
    /// <returns>The deployment, and whether the sentinel takes its primary to be up.</returns>
    /// <exception cref="ServerErrorException">It does not know the service, or the user may not ask.</exception>
    public static async ValueTask<(SlotMap Map, bool Works)> AskAsync(RespConnection connection, string service, CancellationToken stop)
    {
        var primary = await connection.CallAsync(stop, "SENTINEL", "MASTER", service);
        var replicas = await connection.TryCallAsync(stop, "SENTINEL", "REPLICAS", service);
        if (replicas.IsDenied)
        {
            throw new ServerErrorException(replicas.Text, "SENTINEL REPLICAS");
        }

        if (replicas.IsError)
        {
            // Before Redis 5.0.
            replicas = await connection.TryCallAsync(stop, "SENTINEL", "SLAVES", service);
        }

        var epoch = long.TryParse(primary["config-epoch"]?.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
        var flags = primary["flags"]?.Text.Split(',') ?? [];
        return (
            SlotMap.Of(NodeOf(primary), replicas.IsError ? [] : [.. replicas.Items.Where(IsUp).Select(NodeOf)], epoch),
            flags.Contains("master") && !flags.Contains("s_down") && !flags.Contains("o_down")
        );
    }

    private static bool IsUp(RespValue node) => node["flags"]?.Text.Contains("down", StringComparison.Ordinal) != true;

    private static ClusterNode NodeOf(RespValue node) =>
        node["ip"] is { } host && int.TryParse(node["port"]?.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? new ClusterNode("", host.Text, port)
            : throw new RespProtocolException("SENTINEL names a node without its address");
}
