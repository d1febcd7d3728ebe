using System.Collections.Concurrent;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>Connects to what is read in place of each primary of a deployment: a replica that is proved to have all that its primary has, or the primary itself.</summary>
/// <remarks>Thread-safe. Nothing is asked of a replica without a new proof (<see cref="GuardedTransport"/>); where there is none, the connection is lost, and the next one is to another node.</remarks>
/// <param name="open">Opens a plain connection to a node.</param>
/// <param name="topology">The deployment's, where it has one; else a primary's own word of its replicas is taken.</param>
/// <param name="announces">Whether a topology is a cluster's, whose replicas have to be told that they are to be read.</param>
/// <param name="say">Told, in a sentence, whenever another node is read from now on.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class ReplicaReads(
    Func<Endpoint, CancellationToken, ValueTask<RespConnection>> open,
    ClusterTopology? topology,
    bool announces,
    Action<string> say,
    TimeProvider time
)
{
    private readonly ConcurrentDictionary<string, ReplicaProof> _proofs = new();

    /// <summary>The replicas of one primary.</summary>
    public ReplicaProof Of(Endpoint primary) =>
        _proofs.GetOrAdd(primary.ToString(), _ => new ReplicaProof(primary, open, AnnounceAsync, ReplicasOf, say, time));

    /// <summary>Connects to the node that is to be read in place of <paramref name="primary"/> now.</summary>
    /// <param name="primary">A primary.</param>
    /// <param name="comesBack">Whether a connection to it is lost as soon as a replica can be read again.</param>
    /// <param name="connect">Opens a connection to a node, on which nothing is sent before what is given with it was made sure of.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="KeyferryException">The primary cannot be reached.</exception>
    public async ValueTask<RespConnection> ConnectAsync(
        Endpoint primary,
        bool comesBack,
        Func<Endpoint, Func<CancellationToken, ValueTask>?, ValueTask<RespConnection>> connect,
        CancellationToken stop
    )
    {
        var proof = Of(primary);
        if (await proof.ChooseAsync(stop) is { } choice)
        {
            try
            {
                var connection = await connect(choice.Replica, gaveUp => proof.ProveAsync(choice, gaveUp));
                return await GreetAsync(connection, choice, stop);
            }
            catch (Exception away) when (ReplicaProof.IsAway(away))
            {
                await proof.GiveUpAsync(choice, away, stop);
            }
        }

        return await connect(primary, comesBack ? proof.RequireNoneAsync : null);
    }

    private async ValueTask<RespConnection> GreetAsync(RespConnection connection, ReplicaChoice choice, CancellationToken stop)
    {
        try
        {
            await AnnounceAsync(connection, stop);
            return await ReplicaProof.ProcessOfAsync(connection, stop) == choice.RunId
                ? connection
                : throw new IOException($"its replica {choice.Replica} was restarted");
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async ValueTask AnnounceAsync(RespConnection replica, CancellationToken stop)
    {
        if (topology is not null && announces)
        {
            _ = await replica.CallAsync(stop, "READONLY");
        }
    }

    /// <summary>Those of the topology first, which have the addresses that clients use; a primary knows of one that is new before the others do.</summary>
    private IEnumerable<Endpoint> ReplicasOf(Endpoint primary, ReplicationState told)
    {
        var map = topology?.Current;
        var node = map?.Primaries.FirstOrDefault(one => one.Host == primary.Host && one.Port == primary.Port);
        return (map is null || node is null ? [] : map.ReplicasOf(node))
            .Concat(told.Replicas)
            .Select(one => primary with { Host = one.Host, Port = one.Port })
            .Distinct();
    }
}
