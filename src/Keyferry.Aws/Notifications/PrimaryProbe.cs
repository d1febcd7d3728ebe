using Keyferry.Aws.ElastiCache;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Aws.Notifications;

/// <summary>What was found on one node.</summary>
/// <param name="Node">Its id.</param>
/// <param name="IsReplica">It is none that is written to; nothing was tried.</param>
/// <param name="Result">What was found by trying, or <see langword="null"/> where nothing could be tried.</param>
/// <param name="Unreached">Why nothing could be tried, or <see langword="null"/>.</param>
internal sealed record NodeFinding(string Node, bool IsReplica, NotificationTestResult? Result, KeyferryException? Unreached)
{
    /// <summary>Whether it is proved that the node tells of every change.</summary>
    public bool Proved => Result is { Unproved: null, Family: not null };
}

/// <summary>Tries out every node of a cache that takes writes: events are node-local, so that one node proves nothing of another.</summary>
/// <param name="connect">Connections to a node; the caller knows the credentials.</param>
/// <param name="time">The clock.</param>
internal sealed class PrimaryProbe(Func<CacheAddress, ServerConnector> connect, TimeProvider time)
{
    /// <summary>With 500 shards the chance that none of so many tags belongs to a node is one in millions.</summary>
    private const int MostTags = 8000;

    /// <summary>Tries every member.</summary>
    public async ValueTask<IReadOnlyList<NodeFinding>> RunAsync(Cache cache, CancellationToken stop)
    {
        var findings = new List<NodeFinding>();
        foreach (var member in cache.Members)
        {
            findings.Add(member.Address is { } address ? await TryAsync(member.Id, address, stop) : Away(member.Id));
        }

        return findings;
    }

    private async ValueTask<NodeFinding> TryAsync(string node, CacheAddress address, CancellationToken stop)
    {
        var connector = connect(address);
        try
        {
            var (isReplica, tag) = await AskAsync(connector, stop);
            return new NodeFinding(
                node,
                isReplica,
                isReplica ? null : await new NotificationTest(connector, Random.Shared, time, () => tag).RunAsync(stop),
                null
            );
        }
        catch (KeyferryException away)
        {
            return new NodeFinding(node, IsReplica: false, null, away);
        }
        catch (Exception lost) when (lost is IOException or ServerErrorException)
        {
            var words = new KeyferryException(
                FailureKind.Unreachable,
                $"{address} was lost while it was tried: {lost.Message}",
                "Run the command again.",
                lost
            );
            return new NodeFinding(node, IsReplica: false, null, words);
        }
    }

    private static async ValueTask<(bool IsReplica, string Tag)> AskAsync(ServerConnector connector, CancellationToken stop)
    {
        await using var connection = await connector.ConnectAsync("probe", stop);
        var identity = (await connection.TryCallAsync(stop, "INFO", "replication")).Text;
        if (identity.Contains("role:slave", StringComparison.Ordinal))
        {
            return (true, "");
        }

        for (var number = 0; number < MostTags; number++)
        {
            var tag = number == 0 ? "probe" : $"probe{number}";
            var reply = await connection.TryCallAsync(stop, "EXISTS", $"keyferry:{{{tag}}}:");
            if (!reply.IsError || !reply.Text.StartsWith("MOVED", StringComparison.Ordinal))
            {
                return (false, tag);
            }
        }

        throw new KeyferryException(
            FailureKind.Refused,
            $"{connector.Endpoint} serves no slot.",
            "Look at the cluster's state: CLUSTER NODES."
        );
    }

    private static NodeFinding Away(string node) =>
        new(
            node,
            IsReplica: false,
            null,
            new KeyferryException(FailureKind.Unreachable, $"{node} has no endpoint yet.", "Wait until it is available.")
        );
}
